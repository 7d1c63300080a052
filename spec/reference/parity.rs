//! PARITY (§10) of Code 2.

use super::{Result, Section, Table, digest, known, need, sum};

/// A record of PARITY, as one section has it.
pub struct Parity {
    /// First byte and length of each protected range.
    pub ranges: Vec<(u64, u64)>,
    block_length: u64,
    sets: u64,
    hashes: Vec<Vec<u8>>,
    /// The number of the first recovery block here.
    first: u64,
    blocks: Vec<Vec<u8>>,
}

impl Parity {
    pub fn read(section: &Section) -> Result<Parity> {
        let mut table = Table(&section.payload);
        let code = table.varint()?;
        known(code == 2, || format!("Code {code}"))?;
        let (_record, place) = (table.varint()?, table.varint()?);
        need(place == section.offset as u64, "Place")?;
        let block_length = table.within(64..=1 << 24, "Block_Length")?;
        need(block_length % 64 == 0, "Block_Length")?;
        let sets = table.within(1..=1 << 20, "Sets")?;
        let (mut ranges, mut end, mut length) = (Vec::new(), 0, 0);
        for range in 0..table.within(1..=1 << 20, "Range_Count")? {
            let (gap, bytes) = (table.varint()?, table.varint()?);
            need(bytes > 0 && (gap > 0 || range == 0), "a range")?;
            let start = sum(end, gap)?;
            (end, length) = (sum(start, bytes)?, length + bytes);
            need(end <= place, "a range behind Place")?;
            ranges.push((start, bytes));
        }
        let data = length.div_ceil(block_length);
        need(table.varint()? == 1, "Recovery_Count")?;
        need(data >= sets && data.div_ceil(sets) < 32_768, "blocks of a set")?;
        let hash = |table: &mut Table| Ok(table.bytes(8)?.to_vec());
        let hashes = (0..data + sets).map(|_| hash(&mut table)).collect::<Result<_>>()?;
        let (first, count) = (table.varint()?, table.varint()?);
        need(sum(first, count)? <= sets, "First and Count")?;
        let block = |table: &mut Table| Ok(table.bytes(block_length)?.to_vec());
        let blocks = (0..count).map(|_| block(&mut table)).collect::<Result<_>>()?;
        table.end()?;
        Ok(Parity { ranges, block_length, sets, hashes, first, blocks })
    }

    /// The data blocks of an archive.
    fn data(&self, archive: &[u8]) -> Vec<Vec<u8>> {
        let range = |&(start, length): &(u64, u64)| &archive[start as usize..][..length as usize];
        let bytes = self.ranges.iter().map(range).collect::<Vec<_>>().concat();
        let padded = |block: &[u8]| {
            let mut block = block.to_vec();
            block.resize(self.block_length as usize, 0);
            block
        };
        bytes.chunks(self.block_length as usize).map(padded).collect()
    }

    /// Whether hashes and recovery blocks are those of an intact archive.
    pub fn check(&self, archive: &[u8]) -> Result<()> {
        let data = self.data(archive);
        let is_right = |(block, hash): (&Vec<u8>, &Vec<u8>)| digest(block)[..8] == hash[..];
        need(data.iter().zip(&self.hashes).all(is_right), "Block_Hash")?;
        let recovery = &self.hashes[data.len() + self.first as usize..];
        need(self.blocks.iter().zip(recovery).all(is_right), "Block_Hash of a recovery block")?;
        for (set, block) in (self.first as usize..).zip(&self.blocks) {
            let mut all = block.clone();
            for one in data.iter().skip(set).step_by(self.sets as usize) {
                all.iter_mut().zip(one).for_each(|(all, byte)| *all ^= byte);
            }
            need(all.iter().all(|&byte| byte == 0), "a recovery block")?;
        }
        Ok(())
    }
}
