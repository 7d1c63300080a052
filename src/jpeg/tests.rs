use super::*;
use proptest::prelude::*;

/// A small baseline JPEG, grey, 16 × 16, written by hand: one table of each kind.
pub(crate) fn small_jpeg() -> Vec<u8> {
    let mut jpeg = vec![0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0];
    jpeg.extend([16; 64]);
    jpeg.extend([0xFF, 0xC0, 0, 11, 8, 1, 0, 1, 0, 1, 1, 0x11, 0]);
    // Codes 0 and 10 for the values 0 and 1.
    for class in [0x00, 0x10] {
        jpeg.extend([0xFF, 0xC4, 0, 21, class, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        jpeg.extend([0, 1]);
    }
    jpeg.extend([0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0]);
    // Blocks of nothing but zeros take two bits: 32 × 32 of them.
    jpeg.extend([0; 256]);
    jpeg.extend([0xFF, 0xD9]);
    jpeg
}

fn group() -> Vec<u8> {
    [b"before ".to_vec(), small_jpeg(), b"between".to_vec(), small_jpeg(), b"behind".to_vec()]
        .concat()
}

#[test]
fn jpegs_and_what_lies_between_come_back() {
    let raw = group();
    let payload = encode(&raw).expect("smaller");
    for wanted in [0, 1, 7, 8, 200, raw.len() - 1, raw.len()] {
        let (front, fault) = decode(&payload, raw.len(), wanted);
        assert!(fault.is_none() && front == raw[..wanted]);
    }
}

#[test]
fn the_same_jpeg_has_the_same_payload_and_no_version_in_it() {
    let (header, scan) = lepton::encode(&small_jpeg()).expect("a JPEG");
    assert_eq!(lepton::encode(&small_jpeg()), Some((header.clone(), scan)));
    assert!(header.starts_with(b"HDR"));
}

#[test]
fn what_is_no_whole_jpeg_is_not_taken() {
    let jpeg = small_jpeg();
    assert_eq!(whole_jpeg(&jpeg), Some(jpeg.len()));
    assert_eq!(whole_jpeg(&jpeg[..jpeg.len() - 1]), None);
    let mut arithmetic = jpeg.clone();
    let frame = memchr::memmem::find(&jpeg, &[0xFF, 0xC0]).unwrap();
    arithmetic[frame + 1] = 0xC9;
    assert_eq!(whole_jpeg(&arithmetic), None);
    assert_eq!(encode(b"no JPEG at all"), None);
    assert_eq!(encode(&[]), None);
}

#[test]
fn an_image_larger_than_its_bytes_allow_is_refused() {
    let (header, scan) = lepton::encode(&small_jpeg()).expect("a JPEG");
    let frame = memchr::memmem::find(&header, &[0xFF, 0xC0]).unwrap();
    let mut huge = header.clone();
    huge[frame + 5..frame + 9].fill(0xFF);
    assert_eq!(lepton::decode(&huge, &scan, small_jpeg().len()), None);
    assert!(lepton::decode(&header, &scan, small_jpeg().len()).is_some());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_changed_payload_is_decoded_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let raw = group();
        let mut payload = encode(&raw).expect("smaller");
        for (at, byte) in changes {
            let at = at.index(payload.len());
            payload[at] = byte;
        }
        let (front, fault) = decode(&payload, raw.len(), raw.len());
        prop_assert!(front.len() == raw.len() || fault.is_some());
    }

    #[test]
    fn any_header_is_decoded_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        scan in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let (mut header, _) = lepton::encode(&small_jpeg()).expect("a JPEG");
        for (at, byte) in changes {
            let at = at.index(header.len());
            header[at] = byte;
        }
        if let Some(jpeg) = lepton::decode(&header, &scan, 500) {
            prop_assert_eq!(jpeg.len(), 500);
        }
    }
}
