//! Writes settings as JSON, in the form of `mgos_conf_emit_cb`.
//!
//! Must not know: what a setting means.

use std::io::Write as _;

use super::value::Value;

/// `json_escape`, including its errors with control characters.
fn escape(out: &mut Vec<u8>, text: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let length = match byte {
            b'"' | b'\\' => {
                out.extend([b'\\', byte]);
                1
            }
            8..=13 => {
                out.extend([b'\\', b"btnvfr"[usize::from(byte - 8)]]);
                1
            }
            b' '..=b'~' => {
                out.push(byte);
                1
            }
            0..=0x7f => {
                let (high, low) = (usize::from(byte >> 4) % 15, usize::from(byte) % 15);
                out.extend(b"\\u00");
                out.extend([DIGITS[high], DIGITS[low]]);
                1
            }
            _ => {
                let length = super::walk::utf8_length(byte).min(1 + after.len());
                out.extend(&rest[..length]);
                length
            }
        };
        rest = &rest[length..];
    }
}

fn quote(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    escape(out, text);
    out.push(b'"');
}

fn start_line(out: &mut Vec<u8>, indent: usize) {
    out.push(b'\n');
    out.resize(out.len() + indent, b' ');
}

fn emit_value(out: &mut Vec<u8>, value: &Value) {
    let written = match value {
        Value::Text(text) => {
            quote(out, text.as_bytes());
            Ok(())
        }
        Value::Int(number) => write!(out, "{number}"),
        Value::Bool(flag) => write!(out, "{flag}"),
        Value::Double(number) => write!(out, "{number:.6}"),
    };
    written.expect("a Vec takes everything");
}

/// Writes one section: `settings` with the rest of their keys, in the order of the keys.
fn emit_section(out: &mut Vec<u8>, settings: &[(&str, &Value)], indent: usize) {
    let name_of = |key: &str| key.split_once('.').map(|(name, _)| name.len());
    out.push(b'{');
    for (n, group) in settings
        .chunk_by(|(a, _), (b, _)| match (name_of(a), name_of(b)) {
            (Some(a_length), Some(b_length)) => a[..a_length] == b[..b_length],
            _ => false,
        })
        .enumerate()
    {
        if n > 0 {
            out.push(b',');
        }
        start_line(out, indent);
        let (key, value) = group[0];
        let Some(length) = name_of(key) else {
            quote(out, key.as_bytes());
            out.extend(b": ");
            emit_value(out, value);
            continue;
        };
        quote(out, &key.as_bytes()[..length]);
        out.extend(b": ");
        let inside: Vec<(&str, &Value)> = group
            .iter()
            .map(|(key, value)| (&key[length + 1..], *value))
            .collect();
        emit_section(out, &inside, indent + 2);
    }
    start_line(out, indent - 2);
    out.push(b'}');
}

/// Settings, in the order of their keys, as the text of a layer.
pub fn emit(settings: &[(&str, &Value)]) -> Vec<u8> {
    let mut out = Vec::new();
    emit_section(&mut out, settings, 2);
    out
}
