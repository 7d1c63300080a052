//! Sizes for people: `8M`, `1.5 GiB`.

pub use crate::bytes::show_size;

/// Parses a number of bytes with an optional suffix K, M, G or T, which are
/// powers of 1024; `KiB` and `KB` mean the same as `K`.
///
/// # Errors
/// A message for the user.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let trimmed = text.trim();
    let digits = trimmed.find(|c: char| !c.is_ascii_digit()).unwrap_or(trimmed.len());
    let (number, suffix) = trimmed.split_at(digits);
    let shift = match suffix.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        _ => return Err(format!("'{suffix}' is not a unit; use K, M, G or T")),
    };
    let number: u64 = number.parse().map_err(|_| "not a number of bytes".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "too large".to_owned())
}

/// Parses a size as [`parse_size`] does; it must be `least` or more.
///
/// # Errors
/// As [`parse_size`].
pub fn parse_size_from(text: &str, least: &str) -> Result<u64, String> {
    let (size, least_size) = (parse_size(text)?, parse_size(least)?);
    match size >= least_size {
        true => Ok(size),
        false => Err(format!("{size} bytes are too few; use {least} or more")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_understood() {
        let cases = [("0", 0), ("17", 17), ("4k", 4096), ("8M", 8 << 20), (" 2 GiB ", 2 << 30)];
        for (text, size) in cases {
            assert_eq!(parse_size(text), Ok(size), "{text}");
        }
        assert_eq!(parse_size_from("64K", "64K"), Ok(65_536));
        let few = parse_size_from("65535", "64K").unwrap_err();
        assert_eq!(few, "65535 bytes are too few; use 64K or more");
        for text in ["", "M", "-1", "1.5M", "8X", "99999999999T"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
