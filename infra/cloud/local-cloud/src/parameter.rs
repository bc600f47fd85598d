//! Query parameters of REST requests, read strictly: a refusal names the wrong one.

use std::collections::HashMap;
use std::convert::Infallible;
use std::ops::RangeInclusive;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use crate::answer::ApiError;
use crate::page::PageRequest;

/// The parameters of one request; an unreadable query string counts as empty.
#[derive(Debug, Default)]
pub struct Parameters(pub HashMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = Query::try_from_uri(&parts.uri);
        Ok(query.map_or_else(|_| Self::default(), |Query(map)| Self(map)))
    }
}

impl Parameters {
    /// A text that is not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|v| !v.is_empty())
    }

    /// A Boolean, false if it is absent.
    pub fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.text(name) {
            None => Ok(false),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(ApiError::invalid(&format!(
                "{name} is neither true nor false"
            ))),
        }
    }

    /// The page given by `nextToken` and the parameter `size_name`.
    pub fn page(
        &self,
        size_name: &str,
        sizes: RangeInclusive<u64>,
        default: u64,
    ) -> Result<PageRequest<'_>, ApiError> {
        Ok(PageRequest {
            size: self.number(size_name, sizes)?.unwrap_or(default),
            token: self.text("nextToken"),
            token_name: "nextToken",
            next_name: "nextToken",
            is_ascending: true,
        })
    }

    /// A number within `range`, if it is present.
    pub fn number(&self, name: &str, range: RangeInclusive<u64>) -> Result<Option<u64>, ApiError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let number = text.parse().ok().filter(|number| range.contains(number));
        let (low, high) = (range.start(), range.end());
        let refusal = || ApiError::invalid(&format!("{name} is not a number from {low} to {high}"));
        number.map(Some).ok_or_else(refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_strictly() {
        let of = |value: &str| Parameters(HashMap::from([("p".to_owned(), value.to_owned())]));
        for (value, flag, number) in [
            ("", Some(false), Some(None)),
            ("true", Some(true), None),
            ("False", Some(false), None),
            ("yes", None, None),
            ("1", None, Some(Some(1))),
            ("9", None, Some(Some(9))),
            ("0", None, None),
            ("10", None, None),
            ("-1", None, None),
            ("1.5", None, None),
        ] {
            assert_eq!(of(value).flag("p").ok(), flag, "{value}");
            assert_eq!(of(value).number("p", 1..=9).ok(), number, "{value}");
        }
    }
}
