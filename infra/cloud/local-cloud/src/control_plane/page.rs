//! The parameters that ask for a page of a list.
//!
//! Must not know: what is listed.

use serde_json::Value;

use super::input::{self, Parameters};
use crate::answer::ApiError;
use crate::page::PageRequest;

/// Largest page, and the default. Source: AWS IoT API, `PageSize` and `RegistryMaxResults`.
const SIZE_MAX: u64 = 250;

/// Parameter names, which differ between the two families of operations.
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

/// `{<list>: […], <next>: …}` with the part of `rows`, pairs of key and row, that `parameters` ask
/// for.
pub fn cut(
    names: Names,
    parameters: &Parameters,
    list: &str,
    rows: impl Iterator<Item = (String, Value)>,
) -> Result<Value, ApiError> {
    let size = input::number(parameters, names.size)?.unwrap_or(SIZE_MAX);
    if !(1..=SIZE_MAX).contains(&size) {
        let message = format!("{} is {size}, not between 1 and {SIZE_MAX}", names.size);
        return Err(ApiError::invalid(&message));
    }
    let order = parameters.get("isAscendingOrder");
    let request = PageRequest {
        size,
        token: parameters.get(names.token).map(String::as_str),
        token_name: names.token,
        next_name: names.next,
        is_ascending: order.is_none_or(|v| v == "true"),
    };
    request.answer(list, rows)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use axum::extract::Query;
    use serde_json::json;

    use super::*;

    fn page(pairs: &[(&str, &str)]) -> Result<Value, ApiError> {
        let owned = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let parameters = Query(owned.collect::<HashMap<_, _>>());
        let rows = ["b", "a", "c"].map(|key| (key.to_owned(), json!(key)));
        cut(SECURITY, &parameters, "rows", rows.into_iter())
    }

    #[test]
    fn pages_follow_one_another_in_the_requested_order() {
        for (order, first, second) in [
            ("true", json!(["a", "b"]), json!(["c"])),
            ("false", json!(["c", "b"]), json!(["a"])),
        ] {
            let order = ("isAscendingOrder", order);
            let answer = page(&[order, ("pageSize", "2")]).unwrap();
            assert_eq!(answer["rows"], first);
            let token = answer["nextMarker"].as_str().unwrap();
            assert_eq!(
                page(&[order, ("marker", token)]).unwrap(),
                json!({ "rows": second })
            );
        }
    }

    #[test]
    fn a_page_with_a_wrong_size_or_token_is_refused() {
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
