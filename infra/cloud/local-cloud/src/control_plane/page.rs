//! Lists in pages: a size, and a token that says where the next page begins.
//!
//! Must not know what is listed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::error;
use super::input::{self, Parameters};
use crate::answer::ApiError;

/// Largest page, and the page of those who do not say. *Source*: AWS IoT API, `PageSize` and `RegistryMaxResults`.
const SIZE_MAX: u64 = 250;

/// What the two families of operations call the same things.
#[derive(Debug, Clone, Copy)]
pub struct Names {
    size: &'static str,
    token: &'static str,
    next: &'static str,
}

/// Of things.
pub const REGISTRY: Names = Names {
    size: "maxResults",
    token: "nextToken",
    next: "nextToken",
};

/// Of certificates and policies.
pub const SECURITY: Names = Names {
    size: "pageSize",
    token: "marker",
    next: "nextMarker",
};

/// `{<list>: […], <next>: …}` with the part of `rows` that `parameters` ask for. Rows are in the order of their keys;
/// a token holds the key that the next page begins with, so that a list may change between pages.
pub fn cut(
    names: Names,
    parameters: &Parameters,
    list: &str,
    rows: impl Iterator<Item = (String, Value)>,
) -> Result<Value, ApiError> {
    let size = input::number(parameters, names.size)?.unwrap_or(SIZE_MAX);
    if !(1..=SIZE_MAX).contains(&size) {
        let message = format!("{} is {size}, not between 1 and {SIZE_MAX}", names.size);
        return Err(error::invalid(&message));
    }
    let is_ascending = parameters
        .get("isAscendingOrder")
        .is_none_or(|v| v == "true");
    let mut rows: Vec<(String, Value)> = rows.collect();
    rows.sort_by(|(a, _), (b, _)| if is_ascending { a.cmp(b) } else { b.cmp(a) });
    if let Some(token) = parameters.get(names.token) {
        let start = decode(token).ok_or_else(|| {
            error::invalid(&format!("{} is none that was given out", names.token))
        })?;
        rows.retain(|(key, _)| {
            if is_ascending {
                *key >= start
            } else {
                *key <= start
            }
        });
    }
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let next = rows.get(size).map(|(key, _)| STANDARD.encode(key));
    let page: Vec<Value> = rows.into_iter().take(size).map(|(_, row)| row).collect();
    let mut answer = json!({ list: page });
    if let Some(next) = next {
        answer[names.next] = next.into();
    }
    Ok(answer)
}

fn decode(token: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(token).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use axum::extract::Query;

    use super::*;

    fn parameters(pairs: &[(&str, &str)]) -> Parameters {
        let owned = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Query(owned.collect::<HashMap<_, _>>())
    }

    fn page(pairs: &[(&str, &str)]) -> Result<Value, ApiError> {
        let rows = ["b", "a", "c"].map(|key| (key.to_owned(), json!(key)));
        cut(SECURITY, &parameters(pairs), "rows", rows.into_iter())
    }

    #[test]
    fn pages_follow_one_another_by_their_tokens() {
        let first = page(&[("pageSize", "2")]).unwrap();
        assert_eq!(first["rows"], json!(["a", "b"]));
        let token = first["nextMarker"].as_str().unwrap();
        let second = page(&[("pageSize", "2"), ("marker", token)]).unwrap();
        assert_eq!(second, json!({"rows": ["c"]}));
    }

    #[test]
    fn a_list_can_be_turned_round() {
        let turned = page(&[("isAscendingOrder", "false"), ("pageSize", "1")]).unwrap();
        assert_eq!(turned["rows"], json!(["c"]));
        let token = turned["nextMarker"].as_str().unwrap();
        let rest = page(&[("isAscendingOrder", "false"), ("marker", token)]).unwrap();
        assert_eq!(rest, json!({"rows": ["b", "a"]}));
    }

    #[test]
    fn a_page_of_no_size_or_from_nowhere_is_refused() {
        for pairs in [
            [("pageSize", "0")],
            [("pageSize", "251")],
            [("pageSize", "some")],
            [("marker", "?")],
        ] {
            assert!(page(&pairs).is_err(), "{pairs:?}");
        }
    }
}
