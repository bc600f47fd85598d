//! The parameters of a request of AWS's Query protocol: a form.
//!
//! Must not know: whose parameters they are. Source: SNS developer guide, "Making API requests";
//! the URL standard, "application/x-www-form-urlencoded parsing".

use std::collections::BTreeMap;

/// Reads a form; a later value of a name replaces an earlier one.
pub fn read_form(body: &[u8]) -> BTreeMap<String, String> {
    let pairs = body
        .split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let name = parts.next().unwrap_or_default();
            let value = parts.next().unwrap_or_default();
            (decode(name), decode(value))
        })
        .collect()
}

fn decode(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let escaped = match (first, after) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)).map(|(h, l)| h * 16 + l),
            _ => None,
        };
        match (first, escaped) {
            (_, Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
                continue;
            }
            (b'+', None) => bytes.push(b' '),
            (byte, None) => bytes.push(*byte),
        }
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_decoded() {
        for (body, pairs) in [
            ("", &[][..]),
            ("a=1&b=2", &[("a", "1"), ("b", "2")]),
            ("a=x+y%20z%26%3D&&b", &[("a", "x y z&="), ("b", "")]),
            ("a=%C3%BC%zz%4", &[("a", "ü%zz%4")]),
            ("a=1=2&a=3", &[("a", "3")]),
        ] {
            let owned = pairs
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
            assert_eq!(read_form(body.as_bytes()), owned.collect(), "{body}");
        }
    }
}
