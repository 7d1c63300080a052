//! JSON Lines: one object per line, safe to print on a terminal.

use data_encoding::{BASE64, HEXLOWER};
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;
use std::io::{self, Write};

/// Returns a record as one line, without the newline.
pub fn line(record: &impl Serialize) -> String {
    let mut text = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut text, Plain);
    record.serialize(&mut serializer).expect("records have no keys but text, and memory takes all");
    String::from_utf8(text).expect("JSON is UTF-8")
}

/// Returns bytes as text if they are UTF-8, else in base64. A record has a field for
/// each form, so that a reader can tell them apart.
pub fn text_or_base64(bytes: &[u8]) -> (Option<&str>, Option<String>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Some(text), None),
        Err(_) => (None, Some(base64(bytes))),
    }
}

/// Encodes bytes as base64 with padding (RFC 4648 §4).
pub fn base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// Encodes bytes as lower-case hexadecimal, as `b3sum` prints digests.
pub fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// Compact JSON without raw control characters, and with numbers as people write them.
/// JSON allows U+007F to U+009F, but a terminal may obey them.
struct Plain;

impl Formatter for Plain {
    /// Writes digits and a point: never an exponent.
    fn write_f64<W>(&mut self, writer: &mut W, value: f64) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        write!(writer, "{value}")
    }

    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        let mut rest = fragment;
        while let Some(at) = rest.find(char::is_control) {
            let (before, mut behind) = (&rest[..at], rest[at..].chars());
            let control = behind.next().map_or(0, u32::from);
            write!(writer, "{before}\\u{control:04x}")?;
            rest = behind.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_character_is_printed_raw() {
        let all: String = (0..0x100).filter_map(char::from_u32).collect();
        let line = line(&all);
        assert!(!line.contains(char::is_control), "{line}");
        assert!(line.contains(r"\u001b") && line.contains(r"\u007f\u0080") && line.contains(r"\n"));
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), all);
    }

    #[test]
    fn numbers_have_no_exponent() {
        assert_eq!(line(&[7.64e-6, 0.0, 1.5]), "[0.00000764,0,1.5]");
    }

    #[test]
    fn bytes_are_text_or_base64_and_digests_are_hexadecimal() {
        assert_eq!(text_or_base64(b"caf\xc3\xa9"), (Some("café"), None));
        assert_eq!(text_or_base64(b"caf\xe9"), (None, Some("Y2Fm6Q==".to_owned())));
        assert_eq!(hex(&[0xAB, 0x01]), "ab01");
    }
}
