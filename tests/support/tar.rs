//! Tars made by hand, valid and invalid ones. They share no code with the readers and
//! writers under test except the layout of a header block.

use tar::{EntryType, Header};

/// A tar under construction, and the places of its headers.
#[derive(Default)]
pub struct Maker(pub Vec<u8>, pub Vec<usize>);

impl Maker {
    /// Adds the blocks of a header and of its data.
    pub fn put(&mut self, mut header: Header, data: &[u8]) -> &mut Self {
        header.set_cksum();
        self.1.push(self.0.len());
        self.0.extend(header.as_bytes());
        self.0.extend(data);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    /// Adds a regular file.
    pub fn file(&mut self, name: impl AsRef<[u8]>, data: impl AsRef<[u8]>) -> &mut Self {
        let mut header = header(b'0', name.as_ref(), b"");
        header.set_size(data.as_ref().len() as u64);
        self.put(header, data.as_ref())
    }

    /// Adds a member without data.
    pub fn member(&mut self, typeflag: u8, name: &str, link: &str) -> &mut Self {
        self.put(header(typeflag, name.as_bytes(), link.as_bytes()), b"")
    }

    /// Adds a pax header: `x` for the next member, `g` for all that follow.
    pub fn records<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &mut self,
        typeflag: u8,
        records: impl IntoIterator<Item = (K, V)>,
    ) -> &mut Self {
        let mut data = Vec::new();
        for (key, value) in records {
            let record = [b" ", key.as_ref(), b"=", value.as_ref(), b"\n"].concat();
            // The shortest length that includes itself.
            let length = (record.len()..).find(|n| n.to_string().len() + record.len() == *n);
            data.extend(length.unwrap().to_string().bytes());
            data.extend(record);
        }
        let mut header = header(typeflag, b"pax", b"");
        header.set_size(data.len() as u64);
        self.put(header, &data)
    }

    /// Returns the tar, with the blocks that end it.
    pub fn end(&self) -> Vec<u8> {
        [&self.0[..], &[0; 1024]].concat()
    }
}

/// Returns a POSIX header without checksum.
pub fn header(typeflag: u8, name: &[u8], link: &[u8]) -> Header {
    let mut header = Header::new_ustar();
    let fields = header.as_ustar_mut().unwrap();
    let (name, link) = (&name[..name.len().min(100)], &link[..link.len().min(100)]);
    fields.name[..name.len()].copy_from_slice(name);
    fields.linkname[..link.len()].copy_from_slice(link);
    header.set_entry_type(EntryType::new(typeflag));
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    header.set_mtime(1_000_000_000);
    header
}
