//! `parse_time` and `time_to_epoch`, with the common date patterns of Joda-Time. A pattern is
//! translated into the directives of the `jiff` crate.

use jiff::Timestamp;
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::{Offset, TimeZone};

use super::super::value::{self, Value};
use super::{Arguments, Function, newer, text_of};

pub(super) const FUNCTIONS: &[Function] = &[
    newer("parse_time", 2, 3, |_, a| parse_time(a)),
    newer("time_to_epoch", 2, 2, |_, a| time_to_epoch(a)),
];

/// A pattern in jiff's directives.
struct Pattern {
    directives: String,
    /// Whether it ends with the name of a time zone, which jiff parses separately.
    zone_at_end: bool,
}

/// Checks a pattern. The error says what is wrong with it.
pub(super) fn check(pattern: &str) -> Result<(), String> {
    translate(pattern).map(drop)
}

fn translate(pattern: &str) -> Result<Pattern, String> {
    let mut translated = Pattern {
        directives: String::new(),
        zone_at_end: false,
    };
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        if translated.zone_at_end {
            return Err(format!(
                "pattern {pattern:?}: a time zone is supported only at its end"
            ));
        }
        if first == '\'' {
            let end = rest[1..].find('\'').map(|length| length + 1);
            let end = end.ok_or_else(|| format!("pattern {pattern:?}: a quote is not closed"))?;
            let quoted = if end == 1 { "'" } else { &rest[1..end] };
            translated.directives.push_str(&quoted.replace('%', "%%"));
            rest = &rest[end + 1..];
            continue;
        }
        let run = rest.chars().take_while(|c| *c == first).count();
        let length = run * first.len_utf8();
        match (first, run) {
            ('z' | 'V', _) => translated.zone_at_end = true,
            ('%', _) => translated.directives.push_str(&"%%".repeat(run)),
            (c, _) if !c.is_ascii_alphabetic() => translated.directives.push_str(&rest[..length]),
            _ => {
                let directive = directive(first, run);
                let directive = directive.ok_or_else(|| {
                    format!("pattern {pattern:?}: {} is not supported", &rest[..length])
                })?;
                translated.directives.push_str(&directive);
            }
        }
        rest = &rest[length..];
    }
    Ok(translated)
}

/// The directive for a letter that is repeated `run` times.
fn directive(letter: char, run: usize) -> Option<String> {
    let number = |unpadded: &str, padded: &str| match run {
        1 => Some(unpadded.to_owned()),
        2 => Some(padded.to_owned()),
        _ => None,
    };
    match (letter, run) {
        ('y' | 'Y' | 'u', 2) => Some("%y".to_owned()),
        ('y' | 'Y' | 'u', _) => Some("%Y".to_owned()),
        ('M' | 'L', 1 | 2) => number("%-m", "%m"),
        ('M' | 'L', 3) => Some("%b".to_owned()),
        ('M' | 'L', _) => Some("%B".to_owned()),
        ('d', _) => number("%-d", "%d"),
        ('D', 1) => Some("%-j".to_owned()),
        ('D', 3) => Some("%j".to_owned()),
        ('H', _) => number("%-H", "%H"),
        ('h', _) => number("%-I", "%I"),
        ('m', _) => number("%-M", "%M"),
        ('s', _) => number("%-S", "%S"),
        ('S', 1..=9) => Some(format!("%{run}f")),
        ('a', _) => Some("%p".to_owned()),
        ('E', 1..=3) => Some("%a".to_owned()),
        ('E', _) => Some("%A".to_owned()),
        ('G', _) => Some("AD".to_owned()),
        ('Z', 1) => Some("%z".to_owned()),
        ('Z', 2) | ('X' | 'x', 3) => Some("%:z".to_owned()),
        _ => None,
    }
}

fn parse_time(arguments: Arguments<'_>) -> Option<Value> {
    let pattern = translate(&text_of(arguments, 0)?).ok()?;
    let millis = i64::try_from(value::to_int(arguments[1].as_ref()?)?).ok()?;
    let zone = if arguments.len() > 2 {
        zone(&text_of(arguments, 2)?)?
    } else {
        TimeZone::UTC
    };
    let directives = if pattern.zone_at_end {
        pattern.directives + "%Z"
    } else {
        pattern.directives
    };
    let moment = Timestamp::from_millisecond(millis).ok()?.to_zoned(zone);
    let text = strtime::format(directives.as_bytes(), &moment).ok()?;
    Some(Value::Text(text))
}

fn time_to_epoch(arguments: Arguments<'_>) -> Option<Value> {
    let text = text_of(arguments, 0)?;
    let pattern = translate(&text_of(arguments, 1)?).ok()?;
    let (time, read) = BrokenDownTime::parse_prefix(&pattern.directives, &text).ok()?;
    let rest = text.get(read..)?;
    let zone = match pattern.zone_at_end {
        true => zone(rest)?,
        false if rest.is_empty() => time.offset().map_or(TimeZone::UTC, TimeZone::fixed),
        false => return None,
    };
    let moment = time.to_datetime().ok()?.to_zoned(zone).ok()?;
    Some(Value::int(moment.timestamp().as_millisecond()))
}

/// A time zone by name or offset: `America/Belize`, `UTC`, `UTC+01:00`, `-0700`.
fn zone(name: &str) -> Option<TimeZone> {
    let offset = ["UTC", "GMT", "UT", ""]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix)?.strip_prefix(['+', '-']));
    let Some(digits) = offset else {
        return match name {
            "UTC" | "GMT" | "UT" | "Z" => Some(TimeZone::UTC),
            name => TimeZone::get(name).ok(),
        };
    };
    let digits = digits.replace(':', "");
    let number = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i32>().ok();
    let (hours, minutes) = match digits.len() {
        1 | 2 => (number(0..digits.len())?, 0),
        4 => (number(0..2)?, number(2..4)?),
        _ => return None,
    };
    let seconds = hours * 3600 + minutes * 60;
    let sign = if name.contains('-') { -1 } else { 1 };
    Offset::from_seconds(sign * seconds)
        .ok()
        .map(TimeZone::fixed)
}
