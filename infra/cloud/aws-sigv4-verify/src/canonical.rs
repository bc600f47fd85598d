//! The canonical form of a request: the text that client and service both hash.
//!
//! Must not know: keys or times.
//!
//! Source: IAM user guide, "Create a signed AWS API request", step 1.

use http::HeaderMap;

use super::{Request, sha256_hex};

/// The canonical request with these signed headers. The hash is computed from the received body
/// whatever `x-amz-content-sha256` says: only S3 trusts that header.
pub(super) fn request(request: &Request<'_>, signed_headers: &[String]) -> String {
    format!(
        "{}\n{}\n{}\n{}\n{}\n{}",
        request.method,
        path(request.path),
        query(request.query),
        headers(request.headers, signed_headers),
        signed_headers.join(";"),
        sha256_hex(request.body),
    )
}

/// The path without dot and empty segments, then encoded a second time (in every service but S3).
fn path(raw: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in raw.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let mut path = format!("/{}", segments.join("/"));
    if path.len() > 1 && raw.ends_with('/') {
        path.push('/');
    }
    encode(path.as_bytes(), true)
}

/// The query with names and values encoded uniformly, sorted.
fn query(raw: &str) -> String {
    let pairs = raw.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<(String, String)> = pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (
                encode(&percent_decode(name), false),
                encode(&percent_decode(value), false),
            )
        })
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.iter().map(|(n, v)| format!("{n}={v}")).collect();
    pairs.join("&")
}

/// One line for each header, with values trimmed and inner spaces collapsed; a missing header
/// counts as empty.
fn headers(all: &HeaderMap, signed: &[String]) -> String {
    let line = |name: &String| {
        let values = all.get_all(name.as_str()).iter();
        let values: Vec<String> = values
            .map(|value| {
                let text = String::from_utf8_lossy(value.as_bytes());
                text.split_whitespace().collect::<Vec<_>>().join(" ")
            })
            .collect();
        format!("{name}:{}\n", values.join(","))
    };
    signed.iter().map(line).collect()
}

fn encode(bytes: &[u8], keep_slash: bool) -> String {
    let mut encoded = String::with_capacity(bytes.len());
    for &byte in bytes {
        let plain =
            byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || (keep_slash && byte == b'/');
        if plain {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Decodes percent-encoding; a `%` without two hexadecimal digits stays unchanged.
pub fn percent_decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).filter(|_| byte == b'%');
        match digits.and_then(hex_byte) {
            Some(value) => {
                decoded.push(value);
                at += 3;
            }
            None => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

/// The byte that two hexadecimal digits stand for.
pub(super) fn hex_byte(digits: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*digits.get(at)?).to_digit(16);
    let value = digit(0)? * 16 + digit(1)?;
    u8::try_from(value).ok().filter(|_| digits.len() == 2)
}
