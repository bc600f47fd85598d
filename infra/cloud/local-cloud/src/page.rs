//! Lists in pages: an opaque token holds the key that the next page begins with, so a list may
//! change between pages.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::answer::ApiError;

/// The page that a caller requests.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest<'a> {
    /// Rows at most.
    pub size: u64,
    pub token: Option<&'a str>,
    pub token_name: &'static str,
    pub next_name: &'static str,
    /// Whether rows come in the order of their keys, or in the reverse order.
    pub is_ascending: bool,
}

impl PageRequest<'_> {
    /// `{<list>: […], <next_name>: …}` with the requested part of `rows`, pairs of key and row.
    pub fn answer(
        &self,
        list: &str,
        rows: impl Iterator<Item = (String, Value)>,
    ) -> Result<Value, ApiError> {
        let cut = cut(rows.collect(), self.size, self.token, self.is_ascending);
        let (page, next) = cut.ok_or_else(|| {
            let name = self.token_name;
            ApiError::invalid(&format!("{name} was not issued by this service"))
        })?;
        let mut answer = json!({ list: page });
        if let Some(next) = next {
            answer[self.next_name] = next.into();
        }
        Ok(answer)
    }
}

/// A page of `rows`, pairs of key and row, and the token of the next page. `None` for a token that
/// was not issued here.
pub fn cut<T>(
    mut rows: Vec<(String, T)>,
    size: u64,
    token: Option<&str>,
    is_ascending: bool,
) -> Option<(Vec<T>, Option<String>)> {
    rows.sort_by(|(a, _), (b, _)| a.cmp(b));
    if !is_ascending {
        rows.reverse();
    }
    if let Some(token) = token {
        let start = decode(token)?;
        rows.retain(|(key, _)| *key == start || (*key > start) == is_ascending);
    }
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let next = rows.get(size).map(|(key, _)| URL_SAFE_NO_PAD.encode(key));
    let page = rows.into_iter().take(size).map(|(_, row)| row).collect();
    Some((page, next))
}

fn decode(token: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_every_item_once_in_either_order() {
        for (size, is_ascending) in (1..7).flat_map(|size| [(size, true), (size, false)]) {
            let mut expected = ["a", "b", "c", "d", "e"].map(Value::from).to_vec();
            let (mut listed, mut token) = (Vec::new(), None::<String>);
            for turn in 0.. {
                let request = PageRequest {
                    size,
                    token: token.as_deref(),
                    token_name: "token",
                    next_name: "next",
                    is_ascending,
                };
                let rows = ["b", "e", "a", "c", "d"].map(|key| (key.to_owned(), key.into()));
                let answer = request.answer("rows", rows.into_iter()).unwrap();
                listed.extend(answer["rows"].as_array().unwrap().clone());
                token = answer["next"].as_str().map(str::to_owned);
                if token.is_none() {
                    assert_eq!(turn, 4 / size, "pages of {size}");
                    break;
                }
            }
            if !is_ascending {
                expected.reverse();
            }
            assert_eq!(listed, expected, "pages of {size}");
        }
    }
}
