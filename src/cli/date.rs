//! Dates on the command line.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::archive::At;

/// Parses which generation is meant: a number, or a date with or without a time. A day means
/// its end.
pub fn parse_generation(text: &str) -> Result<At, String> {
    if let Ok(number) = text.parse() {
        return Ok(At::Number(number));
    }
    parse_date(text).map(At::Date).map_err(|_| {
        format!("'{text}' is neither a number nor a date such as 2026-11-27 or 2026-11-27T08:30")
    })
}

/// Parses a date of the time zone of this system, or one that names its zone; returns the
/// seconds since 1970. Of a day it is the last second.
pub fn parse_date(text: &str) -> Result<i64, String> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant.as_second());
    }
    let zone = TimeZone::system();
    let invalid = |error: jiff::Error| error.to_string();
    if !text.contains(['T', 't', ' ']) {
        let day: Date = text.parse().map_err(invalid)?;
        let next = day.checked_add(1.day()).map_err(invalid)?;
        let next = next.to_zoned_datetime(zone).map_err(invalid)?;
        return Ok(next.timestamp().as_second() - 1);
    }
    let time: DateTime = text.parse().map_err(invalid)?;
    Ok(time.to_zoned_datetime(zone).map_err(invalid)?.timestamp().as_second())
}

/// Formats seconds since 1970 as a local time.
pub fn show_date(seconds: i64) -> String {
    match Timestamp::from_second(seconds) {
        Ok(instant) => {
            let local = instant.to_zoned_datetime(TimeZone::system());
            local.strftime("%Y-%m-%d %H:%M:%S").to_string()
        }
        Err(_) => format!("@{seconds}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_is_a_number_or_a_date() {
        assert_eq!(parse_generation("12"), Ok(At::Number(12)));
        assert_eq!(parse_generation("2026-11-27T08:30:00Z"), Ok(At::Date(1_795_768_200)));
        let Ok(At::Date(day)) = parse_generation("2026-11-27") else { panic!("a day is a date") };
        let Ok(At::Date(next)) = parse_generation("2026-11-28T00:00") else { panic!() };
        assert_eq!(day + 1, next);
        assert!(parse_generation("yesterday").unwrap_err().contains("2026-11-27"));
    }
}
