//! Applies a layer of the configuration while reading it, as Mongoose OS does
//! (`mgos_conf_parse_cb`): it stops at the first value of the wrong type or at broken text, and
//! keeps what came before.
//!
//! Must not know: what a setting means.

use std::ffi::CString;

use super::value::{Value, Values};
use super::walk::{Kind, Token, walk};

/// Reads the digits at the start of `text`. Returns the number and how many digits it has.
fn digits(text: &[u8], radix: u32) -> (f64, usize) {
    let values = text.iter().map_while(|b| char::from(*b).to_digit(radix));
    values.fold((0.0, 0), |(number, length), digit| {
        (number * f64::from(radix) + f64::from(digit), length + 1)
    })
}

fn sign(text: &[u8]) -> (f64, usize) {
    if text.first() == Some(&b'-') {
        (-1.0, 1)
    } else {
        (1.0, 0)
    }
}

fn is_hexadecimal(text: &[u8]) -> bool {
    matches!(text, [b'0', b'x' | b'X', ..])
}

/// `strtol` with base 0 on the ESP8266, whose `long` has 32 bits: `0x10` is 16, `010` is 8, and an
/// overflow saturates. Returns the number and its length.
fn strtol(text: &[u8]) -> (i64, usize) {
    let (sign, signs) = sign(text);
    let unsigned = &text[signs..];
    let (radix, prefix) = match unsigned {
        _ if is_hexadecimal(unsigned) => (16, 2),
        [b'0', ..] => (8, 0),
        _ => (10, 0),
    };
    let (number, length) = digits(&unsigned[prefix..], radix);
    // A double holds every 32-bit number exactly.
    let number = (sign * number) as i32;
    (number.into(), signs + prefix + length)
}

/// `strtod` of a token: the number of the whole token or of hexadecimal digits, and its length.
fn strtod(token: &Token<'_>) -> (f64, usize) {
    let (sign, signs) = sign(token.rest);
    if is_hexadecimal(&token.rest[signs..]) {
        let (number, length) = digits(&token.rest[signs + 2..], 16);
        return (sign * number, signs + 2 + length);
    }
    let text = String::from_utf8_lossy(token.bytes);
    (text.parse().unwrap_or(0.0), token.bytes.len())
}

/// `json_unescape`: turns `\u00xx` into one byte; `None` for higher ones or broken escapes.
fn unescape(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = text.iter().copied();
    let mut plain = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            plain.push(byte);
            continue;
        }
        plain.push(match bytes.next()? {
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let digits: Vec<u8> = bytes.by_ref().take(4).collect();
                let code = u32::from_str_radix(str::from_utf8(&digits).ok()?, 16).ok()?;
                u8::try_from(code).ok()?
            }
            other => other,
        });
    }
    Some(plain)
}

/// A text as C sees it: up to the first NUL.
fn c_text(mut bytes: Vec<u8>) -> CString {
    bytes.truncate(bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len()));
    CString::new(bytes).unwrap_or_default()
}

/// Sets `value` from a token, even in case of an error: C stores a number before it checks it.
fn set(value: &mut Value, key: &str, token: &Token<'_>) -> Result<(), String> {
    let is_whole = |length: usize| {
        if length == token.bytes.len() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(token.bytes);
        Err(format!("[{key}] failed to parse [{text}]"))
    };
    match (value, token.kind) {
        (Value::Int(number), Kind::Number) => {
            let length;
            (*number, length) = strtol(token.rest);
            is_whole(length)
        }
        (Value::Double(number), Kind::Number) => {
            let length;
            (*number, length) = strtod(token);
            is_whole(length)
        }
        (Value::Bool(flag), Kind::True | Kind::False) => {
            *flag = token.kind == Kind::True;
            Ok(())
        }
        (Value::Text(text), Kind::Text) => {
            // The old text is freed before the new one is checked.
            *text = CString::default();
            *text = c_text(unescape(token.bytes).ok_or(format!("[{key}] invalid string"))?);
            Ok(())
        }
        (Value::Int(_) | Value::Double(_), _) => Err(format!("[{key}] is not a number")),
        (Value::Bool(_), _) => Err(format!("[{key}] is not a boolean")),
        (Value::Text(_), _) => Err(format!("[{key}] is not a string")),
    }
}

/// Applies a layer.
///
/// # Errors
/// The message of Mongoose OS; what came before the error is applied.
pub fn apply(text: &[u8], values: &mut Values) -> Result<(), String> {
    let mut first_error = None;
    let walked = walk(text, &mut |path, token| {
        if first_error.is_some() {
            return;
        }
        // Values outside objects or in arrays, unknown names and sections are ignored.
        let key = path.strip_prefix(b".").map(str::from_utf8);
        let Some(Ok(key)) = key else { return };
        if let Some(value) = values.get_mut(key) {
            first_error = set(value, key, token).err();
        }
    });
    match (first_error, walked) {
        (Some(first_error), _) => Err(first_error),
        (None, Err(_)) => Err("Invalid JSON".into()),
        (None, Ok(())) => Ok(()),
    }
}
