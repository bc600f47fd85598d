//! Who may ask the console of `lockctl console`, which acts with an operator's rights.
//!
//! Loopback belongs to everybody who has a shell on this machine. So every answer about the cloud
//! needs the token of this start, which only the printed address has. A cookie would not do: a
//! browser sends those of 127.0.0.1 to every port of it, also to that of somebody else.
//!
//! Must not know: what is asked.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::refusal;

/// The beginning of every path that needs the token. The page's files are public.
const GUARDED: &str = "/api/";
/// The name of the token in a query.
const FIELD: &str = "token=";

/// Lets a request pass that has the token, and that the page itself sends if it changes something.
///
/// The token is a header, `Authorization: Bearer …`. A read may have it in its query instead: a
/// stream and a saved file have no headers.
pub async fn with_token_only(
    State(token): State<Arc<str>>,
    mut request: Request,
    next: Next,
) -> Response {
    if !request.uri().path().starts_with(GUARDED) {
        return next.run(request).await;
    }
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    let (headers, query) = (request.headers(), request.uri().query());
    let given = of_header(headers).or_else(|| of_query(query.filter(|_| is_read)?));
    if !given.is_some_and(|given| is_same(given, &token)) {
        let error = "only the whole address that `lockctl console` printed opens this console: \
                     open it again";
        let why = refusal(StatusCode::UNAUTHORIZED, error.to_owned());
        return ([(header::WWW_AUTHENTICATE, "Bearer")], why).into_response();
    }
    if !is_read && !is_of_page(headers) {
        let error = "only the console's own page can do this: the origin of the request is not its";
        return refusal(StatusCode::FORBIDDEN, error.to_owned());
    }
    if let Some(uri) = without_token(request.uri()) {
        *request.uri_mut() = uri;
    }
    let mut answer = next.run(request).await;
    let kept = HeaderValue::from_static("no-store");
    answer.headers_mut().insert(header::CACHE_CONTROL, kept);
    answer
}

fn of_header(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ")
}

fn of_query(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix(FIELD))
}

/// Whether two texts are the same. The time it takes does not tell where they differ.
fn is_same(a: &str, b: &str) -> bool {
    let pairs = a.bytes().zip(b.bytes());
    a.len() == b.len() && pairs.fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

/// Whether the page of this console sends it. A browser names the origin of each request that
/// changes something, so one without an origin is none of a page.
fn is_of_page(headers: &HeaderMap) -> bool {
    let text = |name| {
        headers
            .get(name)
            .and_then(|it: &HeaderValue| it.to_str().ok())
    };
    let origin = text(header::ORIGIN).and_then(|origin| origin.strip_prefix("http://"));
    origin.is_some() && origin == text(header::HOST)
}

/// The address without the token, which no question has as a field; `None` if it has none.
fn without_token(uri: &Uri) -> Option<Uri> {
    let pairs = uri.query()?.split('&');
    let pairs: Vec<&str> = pairs.filter(|pair| !pair.starts_with(FIELD)).collect();
    format!("{}?{}", uri.path(), pairs.join("&")).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_same_only_as_a_whole() {
        for (a, b, same) in [
            ("abc", "abc", true),
            ("abc", "abd", false),
            ("ab", "abc", false),
            ("", "abc", false),
        ] {
            assert_eq!(is_same(a, b), same, "{a} {b}");
        }
    }

    #[test]
    fn a_question_does_not_see_the_token() {
        for (uri, wanted) in [
            (
                "/api/history?thing=a&token=t&who=b",
                "/api/history?thing=a&who=b",
            ),
            ("/api/stream?token=t", "/api/stream?"),
            (
                "/api/history?thing=token%3Dt",
                "/api/history?thing=token%3Dt",
            ),
        ] {
            let uri: Uri = uri.parse().expect("an address");
            let without = without_token(&uri).expect("a query");
            assert_eq!(without.to_string(), wanted);
        }
        assert_eq!(of_query("thing=a&token=t"), Some("t"));
        assert_eq!(of_query("mytoken=t"), None);
    }

    #[test]
    fn only_the_origin_that_was_asked_is_the_page() {
        let is_of_page = |pairs: &[(header::HeaderName, &str)]| {
            let pairs = pairs.iter().map(|(name, value)| {
                let value = HeaderValue::from_str(value).expect("a value");
                (name.clone(), value)
            });
            is_of_page(&pairs.collect())
        };
        let (host, origin) = (header::HOST, header::ORIGIN);
        let at = (host, "127.0.0.1:7");
        for (given, wanted) in [
            (Some("http://127.0.0.1:7"), true),
            (Some("http://127.0.0.1:8"), false),
            (Some("http://localhost:7"), false),
            (Some("https://127.0.0.1:7"), false),
            (Some("null"), false),
            (None, false),
        ] {
            let given = given.map(|given| (origin.clone(), given));
            let pairs: Vec<_> = [at.clone()].into_iter().chain(given).collect();
            assert_eq!(is_of_page(&pairs), wanted, "{pairs:?}");
        }
    }
}
