//! Records of pax extended headers: `LENGTH KEY=VALUE` and a newline.
//!
//! Records are read by their lengths, because values are bytes, and names of files and
//! extended attributes can contain newlines.

use super::TarFault;
use crate::entry::Timestamp;
use std::collections::BTreeMap;

/// The records of one header, the last of each key. An empty value cancels a record of
/// a global header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Records {
    values: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Numbers of `GNU.sparse.offset` and `GNU.sparse.numbytes`, the only keys that
    /// occur more than once.
    blocks: Vec<Vec<u8>>,
}

impl Records {
    /// Parses the data of an extended header.
    ///
    /// # Errors
    /// [`TarFault::Malformed`].
    pub fn parse(mut bytes: &[u8]) -> Result<Records, TarFault> {
        let mut records = Records::default();
        while !bytes.is_empty() {
            let cause = "the length of a pax record is wrong";
            let (key, value, rest) = record(bytes).ok_or(TarFault::Malformed { cause })?;
            if matches!(key, b"GNU.sparse.offset" | b"GNU.sparse.numbytes") {
                records.blocks.push(value.to_vec());
            } else {
                records.values.insert(key.to_vec(), value.to_vec());
            }
            bytes = rest;
        }
        Ok(records)
    }

    /// Returns these records combined with those of `later`, which take precedence.
    pub fn with(mut self, later: Records) -> Records {
        self.values.extend(later.values);
        self.blocks.extend(later.blocks);
        self
    }

    /// Returns the bytes of all keys and values.
    pub fn length(&self) -> usize {
        self.values.iter().map(|(key, value)| key.len() + value.len()).sum()
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &str) -> Option<&[u8]> {
        self.values.get(key.as_bytes()).map(Vec::as_slice).filter(|value| !value.is_empty())
    }

    /// Returns whether a key has a value.
    pub fn has(&self, key: &[u8]) -> bool {
        self.values.get(key).is_some_and(|value| !value.is_empty())
    }

    /// Returns the number under a key.
    ///
    /// # Errors
    /// [`TarFault::Number`].
    pub fn number(&self, field: &'static str) -> Result<Option<u64>, TarFault> {
        let number = self.get(field).map(|value| decimal(value).ok_or(TarFault::Number { field }));
        number.transpose()
    }

    /// Returns the numbers of sparse format 0.0: offset, length, offset, length, …
    pub fn blocks(&self) -> &[Vec<u8>] {
        &self.blocks
    }

    /// Returns all keys and values, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.values.iter().map(|(key, value)| (&key[..], &value[..]))
    }
}

/// Returns the first record, and the bytes after it.
fn record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let blank = bytes.iter().take(20).position(|&byte| byte == b' ')?;
    let length = usize::try_from(decimal(&bytes[..blank])?).ok()?;
    let (record, rest) = bytes.split_at_checked(length)?;
    let record = record.get(blank + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|&byte| byte == b'=').filter(|&equals| equals > 0)?;
    Some((&record[..equals], &record[equals + 1..], rest))
}

/// Parses a number of decimal digits only.
pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    digits.then(|| std::str::from_utf8(text).ok()?.parse().ok()).flatten()
}

/// Appends a record. Its length includes itself.
pub(super) fn put(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while rest + length.to_string().len() != length {
        length = rest + length.to_string().len();
    }
    out.extend_from_slice(format!("{length} ").as_bytes());
    out.extend_from_slice(key);
    out.push(b'=');
    out.extend_from_slice(value);
    out.push(b'\n');
}

/// Parses a time as decimal seconds, rounded down to nanoseconds.
pub(super) fn parse_time(text: &[u8]) -> Option<Timestamp> {
    let (negative, digits) = match text.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let mut parts = digits.splitn(2, |&byte| byte == b'.');
    let seconds = i64::try_from(decimal(parts.next()?)?).ok()?;
    let fraction = parts.next().unwrap_or(b"");
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |place: usize| u32::from(fraction.get(place).map_or(0, |digit| digit - b'0'));
    let nanoseconds = (0..9).fold(0, |sum, place| sum * 10 + digit(place));
    let beyond = fraction.iter().skip(9).any(|&digit| digit != b'0');
    if !negative {
        return Some(Timestamp { seconds, nanoseconds });
    }
    // -1.25 is 0.75 s after -2; digits beyond nanoseconds round away from 0.
    let behind = nanoseconds + u32::from(beyond);
    let borrow = behind.div_ceil(1_000_000_000).max(u32::from(behind > 0));
    let nanoseconds = borrow * 1_000_000_000 - behind;
    Some(Timestamp { seconds: -seconds - i64::from(borrow), nanoseconds })
}

/// Formats a time as briefly as possible.
pub(super) fn show_time(time: Timestamp) -> String {
    let (mut seconds, mut nanoseconds) = (i128::from(time.seconds), time.nanoseconds);
    let negative = seconds < 0;
    if negative && nanoseconds > 0 {
        (seconds, nanoseconds) = (seconds + 1, 1_000_000_000 - nanoseconds);
    }
    let sign = if negative { "-" } else { "" };
    let text = format!("{sign}{}.{nanoseconds:09}", seconds.unsigned_abs());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_any_bytes_come_back() {
        let values: [&[u8]; 5] = [b"x", b"two\nlines=\0", &[0xff; 90], &[b'y'; 985], b""];
        let mut bytes = Vec::new();
        for (number, value) in values.iter().enumerate() {
            put(&mut bytes, format!("key{number}").as_bytes(), value);
        }
        let records = Records::parse(&bytes).unwrap();
        let found: Vec<_> = records.iter().map(|(_, value)| value).collect();
        assert_eq!(found, values);
        assert_eq!(records.get("key4"), None, "an empty value takes a record back");
    }

    #[test]
    fn the_length_of_a_record_counts_its_own_digits() {
        for length in (0..250).chain(960..1010) {
            let mut bytes = Vec::new();
            put(&mut bytes, b"k", &vec![b'v'; length]);
            let said = bytes.split(|&byte| byte == b' ').next().unwrap();
            assert_eq!(decimal(said), Some(bytes.len() as u64));
        }
    }

    #[test]
    fn what_is_no_record_is_refused() {
        let bad: [&[u8]; 8] = [
            b"x",
            b"6 a=b",
            b"9 a=b\n",
            b"5 a=b\n",
            b"6 abc\n",
            b"6 =bc\n",
            b"+6 a=b\n",
            b" a=b\n",
        ];
        for bytes in bad {
            assert!(Records::parse(bytes).is_err(), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn times_come_back_and_round_down() {
        let time = |seconds, nanoseconds| Timestamp { seconds, nanoseconds };
        let cases = [
            ("0", time(0, 0)),
            ("1234567890.5", time(1_234_567_890, 500_000_000)),
            ("-4.000000001", time(-5, 999_999_999)),
            ("-0.5", time(-1, 500_000_000)),
            ("-7", time(-7, 0)),
        ];
        for (text, time) in cases {
            assert_eq!(parse_time(text.as_bytes()), Some(time), "{text}");
            assert_eq!(show_time(time), text);
        }
        assert_eq!(parse_time(b"1.0000000019"), Some(time(1, 1)));
        assert_eq!(parse_time(b"-1.0000000001"), Some(time(-2, 999_999_999)));
        assert_eq!(parse_time(b"-1.9999999999"), Some(time(-2, 0)));
        for text in ["", "-", "1e3", "1.2.3", ".5", "99999999999999999999"] {
            assert_eq!(parse_time(text.as_bytes()), None, "{text}");
        }
    }
}
