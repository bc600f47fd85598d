//! Lists of the `iot` API in pages; its two families of operations name the parameters differently.

use serde_json::Value;

use super::Answer;
use crate::answer::{ApiError, ok};
use crate::page::PageRequest;
use crate::parameter::Parameters;

/// Largest page, and the default. Source: AWS IoT API, `PageSize` and `RegistryMaxResults`.
const SIZE_MAX: u64 = 250;

/// A page of things, from `rows` of key and row.
pub fn of_things(
    parameters: &Parameters,
    list: &str,
    rows: impl Iterator<Item = (String, Value)>,
) -> Answer {
    let request = parameters.page("maxResults", 1..=SIZE_MAX, SIZE_MAX)?;
    Ok(ok(&request.answer(list, rows)?))
}

/// A page of certificates or policies, from `rows` of key and row.
pub fn of_security(
    parameters: &Parameters,
    list: &str,
    rows: impl Iterator<Item = (String, Value)>,
) -> Answer {
    Ok(ok(&security_request(parameters)?.answer(list, rows)?))
}

fn security_request(parameters: &Parameters) -> Result<PageRequest<'_>, ApiError> {
    let order = parameters.text("isAscendingOrder");
    Ok(PageRequest {
        token: parameters.text("marker"),
        token_name: "marker",
        next_name: "nextMarker",
        is_ascending: order.is_none_or(|order| order == "true"),
        ..parameters.page("pageSize", 1..=SIZE_MAX, SIZE_MAX)?
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(pairs: &[(&str, &str)]) -> Result<Value, ApiError> {
        let owned = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let parameters = Parameters(owned.collect());
        let rows = ["b", "a", "c"].map(|key| (key.to_owned(), json!(key)));
        security_request(&parameters)?.answer("rows", rows.into_iter())
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
