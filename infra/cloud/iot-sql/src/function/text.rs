//! Functions on strings. Every argument is converted to String first.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use regex_lite::Regex;
use sha2::Digest;

use super::super::json;
use super::super::number::Rounding;
use super::super::value::{self, Value};
use super::{Arguments, Function, TEXT_BYTES_MAX, function, newer, text_of};

/// The only scheme of `encode` and `decode`.
pub(super) const SCHEME: &str = "base64";

pub(super) const FUNCTIONS: &[Function] = &[
    function("substring", 2, 3, |_, a| substring(a)),
    function("lower", 1, 1, |_, a| map(a, |s| s.to_lowercase())),
    function("upper", 1, 1, |_, a| map(a, |s| s.to_uppercase())),
    function("trim", 1, 1, |_, a| map(a, |s| s.trim().to_owned())),
    function("ltrim", 1, 1, |_, a| {
        map(a, |s| s.trim_start_matches([' ', '\t']).to_owned())
    }),
    function("rtrim", 1, 1, |_, a| {
        map(a, |s| s.trim_end_matches([' ', '\t']).to_owned())
    }),
    function("lpad", 2, 2, |_, a| {
        Some(Value::Text(spaces(a)? + &text_of(a, 0)?))
    }),
    function("rpad", 2, 2, |_, a| {
        Some(Value::Text(text_of(a, 0)? + &spaces(a)?))
    }),
    function("chr", 1, 1, |_, a| {
        let code = value::to_number(a[0].as_ref()?)?.to_int(Rounding::Down)?;
        let code = u8::try_from(code).ok().filter(u8::is_ascii)?;
        Some(Value::text(char::from(code)))
    }),
    newer("length", 1, 1, |_, a| {
        Some(Value::int(text_of(a, 0)?.chars().count() as u64))
    }),
    newer("numbytes", 1, 1, |_, a| {
        Some(Value::int(text_of(a, 0)?.len() as u64))
    }),
    function("startswith", 2, 2, |_, a| {
        Some(Value::Bool(text_of(a, 0)?.starts_with(&text_of(a, 1)?)))
    }),
    function("endswith", 2, 2, |_, a| {
        Some(Value::Bool(text_of(a, 0)?.ends_with(&text_of(a, 1)?)))
    }),
    newer("indexof", 2, 2, |_, a| {
        Some(index_of(&text_of(a, 0)?, &text_of(a, 1)?))
    }),
    function("replace", 3, 3, |_, a| replace(a)),
    function("regexp_matches", 2, 2, |_, a| {
        let regex = regex(&text_of(a, 1)?).ok()?;
        Some(Value::Bool(regex.is_match(&text_of(a, 0)?)))
    }),
    function("regexp_replace", 3, 3, |_, a| regexp_replace(a)),
    function("regexp_substr", 2, 2, |_, a| {
        let regex = regex(&text_of(a, 1)?).ok()?;
        let text = text_of(a, 0)?;
        regex.find(&text).map(|found| Value::text(found.as_str()))
    }),
    newer("encode", 2, 2, |_, a| {
        let text = text_of(a, 0)?;
        base64_scheme(a).then(|| Value::Text(BASE64.encode(text)))
    }),
    newer("decode", 2, 2, |_, a| decode(a)),
    function("md5", 1, 1, |_, a| {
        map(a, |s| hex(md5::compute(s).as_slice()))
    }),
    function("sha1", 1, 1, |_, a| {
        let algorithm = &ring::digest::SHA1_FOR_LEGACY_USE_ONLY;
        let text = text_of(a, 0)?;
        let digest = ring::digest::digest(algorithm, text.as_bytes());
        Some(Value::Text(hex(digest.as_ref())))
    }),
    function("sha224", 1, 1, |_, a| {
        map(a, |s| hex(&sha2::Sha224::digest(s)))
    }),
    function("sha256", 1, 1, |_, a| {
        map(a, |s| hex(&sha2::Sha256::digest(s)))
    }),
    function("sha384", 1, 1, |_, a| {
        map(a, |s| hex(&sha2::Sha384::digest(s)))
    }),
    function("sha512", 1, 1, |_, a| {
        map(a, |s| hex(&sha2::Sha512::digest(s)))
    }),
];

fn map(arguments: Arguments<'_>, change: fn(&str) -> String) -> Option<Value> {
    text_of(arguments, 0).map(|text| Value::Text(change(&text)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn spaces(arguments: Arguments<'_>) -> Option<String> {
    let count = value::to_number(arguments[1].as_ref()?)?.to_int(Rounding::Down)?;
    Some(" ".repeat(usize::try_from(count.clamp(0, 1000)).ok()?))
}

fn substring(arguments: Arguments<'_>) -> Option<Value> {
    let text = text_of(arguments, 0)?;
    let length = text.chars().count();
    let bound = |index: usize| {
        // The reference's examples truncate: 2.745 counts as 2, -2.411E247 as 0.
        let at = value::to_number(arguments[index].as_ref()?)?.to_double();
        Some(at.trunc().clamp(0.0, length as f64) as usize)
    };
    let start = bound(1)?;
    let end = if arguments.len() > 2 {
        bound(2)?
    } else {
        length
    };
    let part = text.chars().skip(start).take(end.saturating_sub(start));
    Some(Value::Text(part.collect()))
}

fn index_of(text: &str, part: &str) -> Value {
    match text.find(part) {
        Some(at) => Value::int(text[..at].chars().count() as u64),
        None => Value::int(-1),
    }
}

fn replace(arguments: Arguments<'_>) -> Option<Value> {
    let (text, part) = (text_of(arguments, 0)?, text_of(arguments, 1)?);
    let with = text_of(arguments, 2)?;
    let found = text.matches(&part).count();
    let most = found.checked_mul(with.len())?.checked_add(text.len())?;
    (most <= TEXT_BYTES_MAX).then(|| Value::Text(text.replace(&part, &with)))
}

/// Compiles a Java regular expression, without look-around and back-references. The error says what
/// is wrong.
pub(super) fn regex(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|e| format!("regular expression {pattern:?}: {e}"))
}

fn regexp_replace(arguments: Arguments<'_>) -> Option<Value> {
    let (text, with) = (text_of(arguments, 0)?, text_of(arguments, 2)?);
    let regex = regex(&text_of(arguments, 1)?).ok()?;
    let with = groups_in_braces(&with);
    let mut replaced = String::new();
    let mut at = 0;
    for found in regex.captures_iter(&text) {
        let whole = found.get(0)?;
        replaced.push_str(&text[at..whole.start()]);
        found.expand(&with, &mut replaced);
        at = whole.end();
        if replaced.len() > TEXT_BYTES_MAX {
            return None;
        }
    }
    replaced.push_str(&text[at..]);
    Some(Value::Text(replaced))
}

/// Puts group numbers in braces: in Java `$1x` is group 1 and an x, in Rust a group named `1x`.
fn groups_in_braces(with: &str) -> String {
    let mut written = String::new();
    let mut rest = with;
    while let Some(at) = rest.find('$') {
        let digits = rest[at + 1..]
            .bytes()
            .take_while(u8::is_ascii_digit)
            .count();
        let end = at + 1 + digits;
        written.push_str(&rest[..at]);
        match digits {
            0 => written.push('$'),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(written, "${{{}}}", &rest[at + 1..end]);
            }
        }
        rest = &rest[end..];
    }
    written.push_str(rest);
    written
}

fn base64_scheme(arguments: Arguments<'_>) -> bool {
    matches!(&arguments[1], Some(Value::Text(scheme)) if scheme == SCHEME)
}

/// A JSON document becomes a value, other text stays text, and an invalid encoding yields Null.
fn decode(arguments: Arguments<'_>) -> Option<Value> {
    let Some(Value::Text(encoded)) = &arguments[0] else {
        return None;
    };
    if !base64_scheme(arguments) {
        return None;
    }
    let decoded = BASE64.decode(encoded).ok();
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    Some(match decoded {
        None => Value::Null,
        Some(text) => json::read(text.as_bytes()).unwrap_or(Value::Text(text)),
    })
}
