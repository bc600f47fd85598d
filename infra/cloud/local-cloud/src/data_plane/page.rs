//! Long lists in pages: a token names the last item that was told.
//!
//! Must not know what is listed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::invalid;
use crate::answer::ApiError;

/// The items after `token`, at most `size`, and the token of the next page where there is one. `items` are in the order
/// of their keys.
pub(super) fn page<T>(
    items: Vec<T>,
    key: impl Fn(&T) -> &str,
    size: u64,
    token: Option<&str>,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let last_told = token.map(decode).transpose()?;
    let is_new = |item: &T| last_told.as_deref().is_none_or(|last| key(item) > last);
    let mut rest: Vec<T> = items.into_iter().filter(is_new).collect();
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let has_more = rest.len() > size;
    rest.truncate(size);
    let last = rest.last().filter(|_| has_more);
    let next_token = last.map(|item| URL_SAFE_NO_PAD.encode(key(item)));
    Ok((rest, next_token))
}

/// Adds `nextToken` to an answer that is not the last.
pub(super) fn add_token(answer: &mut Value, next_token: Option<String>) {
    if let Some(token) = next_token {
        answer["nextToken"] = json!(token);
    }
}

fn decode(token: &str) -> Result<String, ApiError> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| invalid("nextToken is none that was given out"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_every_item_once() {
        for size in 1..7 {
            let items = || ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
            let (mut told, mut token) = (Vec::new(), None);
            for turn in 0.. {
                let (mut part, next) =
                    page(items(), String::as_str, size, token.as_deref()).unwrap();
                told.append(&mut part);
                token = next;
                if token.is_none() {
                    assert_eq!(turn, 4 / size, "pages of {size}");
                    break;
                }
            }
            assert_eq!(told, items(), "pages of {size}");
        }
        assert!(page(vec!["a"], |item| item, 1, Some("?")).is_err());
    }
}
