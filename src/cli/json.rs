//! JSON Lines, as `--json` prints them: one object per line, fields in a fixed order,
//! numbers as integers wherever they are integers.

use std::fmt::Write;

/// One object under construction.
#[derive(Debug)]
pub struct Object {
    text: String,
}

impl Object {
    /// Makes an empty object.
    pub fn new() -> Object {
        Object { text: "{".to_owned() }
    }

    /// Adds text.
    pub fn text(mut self, key: &str, value: &str) -> Object {
        self.key(key);
        quote(&mut self.text, value.chars());
        self
    }

    /// Adds bytes: under `key` if they are UTF-8, otherwise in base64 under
    /// `key_base64`, so that a reader can tell them apart.
    pub fn bytes(self, key: &str, value: &[u8]) -> Object {
        match std::str::from_utf8(value) {
            Ok(text) => self.text(key, text),
            Err(_) => self.text(&format!("{key}_base64"), &base64(value)),
        }
    }

    /// Adds an integer, a float or a Boolean.
    pub fn number(mut self, key: &str, value: impl std::fmt::Display) -> Object {
        self.key(key);
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{value}");
        self
    }

    /// Adds a list of objects.
    pub fn list(mut self, key: &str, values: impl IntoIterator<Item = Object>) -> Object {
        self.key(key);
        let values: Vec<_> = values.into_iter().map(Object::finish).collect();
        self.text.push_str(&format!("[{}]", values.join(",")));
        self
    }

    /// Returns the object's text, without a newline.
    pub fn finish(mut self) -> String {
        self.text.push('}');
        self.text
    }

    fn key(&mut self, key: &str) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        quote(&mut self.text, key.chars());
        self.text.push(':');
    }
}

impl Default for Object {
    fn default() -> Self {
        Object::new()
    }
}

fn quote(out: &mut String, text: impl Iterator<Item = char>) {
    out.push('"');
    for character in text {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            // C1 controls are legal in JSON, but a terminal may obey them.
            _ if character.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

/// Encodes bytes as base64 with padding (RFC 4648 §4).
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = (0..3)
            .fold(0u32, |group, at| group << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
        for digit in 0..4 {
            let index = (group >> (18 - 6 * digit)) & 63;
            let used = digit <= chunk.len();
            text.push(if used { char::from(DIGITS[index as usize]) } else { '=' });
        }
    }
    text
}

/// Encodes bytes as lower-case hexadecimal, as `b3sum` prints digests.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_json() {
        let list = [Object::new(), Object::new().number("x", 1.5)];
        let line = Object::new()
            .text("path", "a\"b\\\n\u{1b}")
            .bytes("name", b"caf\xe9")
            .number("size", 12)
            .list("list", list)
            .finish();
        let expected = r#"{"path":"a\"b\\\n\u001b","name_base64":"Y2Fm6Q==","size":12,"#;
        let expected = format!(r#"{expected}"list":[{{}},{{"x":1.5}}]}}"#);
        assert_eq!(line, expected);
        assert_eq!(Object::new().finish(), "{}");
    }

    #[test]
    fn base64_follows_the_standard() {
        // RFC 4648 §10.
        let cases =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")];
        for (plain, coded) in cases {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
