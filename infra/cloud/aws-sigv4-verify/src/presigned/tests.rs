//! A query that the AWS Common Runtime signed, and queries that differ from it in one part.

use http::HeaderMap;
use http::header::{CONNECTION, HOST};

use crate::{Claim, Request, SKEW_S, SignatureError};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// Made by awscrt 0.36 for `iotdevicegateway`, as the device SDK calls it.
const QUERY: &str = "X-Amz-Algorithm=AWS4-HMAC-SHA256&\
    X-Amz-Credential=AKIDEXAMPLE%2F20260301%2Fus-east-1%2Fiotdevicegateway%2Faws4_request&\
    X-Amz-Date=20260301T120000Z&X-Amz-SignedHeaders=connection%3Bhost&\
    X-Amz-Security-Token=the%2Ftoken%3D&\
    X-Amz-Signature=0fc885a5fecdd6d5a8439dcf3043c25f89d752eefde3368543fe33c929711c4c";
/// 2026-03-01T12:00:00Z in epoch seconds.
const SIGNED_S: u64 = 1_772_366_400;

fn judge(query: &str, host: &str, now_s: u64) -> Result<Claim, SignatureError> {
    let mut headers = HeaderMap::new();
    headers.insert(HOST, host.parse().unwrap());
    headers.insert(CONNECTION, "Upgrade".parse().unwrap());
    let claim = Claim::read_query(query).unwrap()?;
    claim.check("us-east-1", &["iotdevicegateway"], now_s)?;
    let request = Request {
        method: "GET",
        path: "/mqtt",
        query,
        headers: &headers,
        body: b"",
    };
    claim.verify(&request, SECRET)?;
    Ok(claim)
}

// AWS same(data-plane): a handshake of MQTT over WebSocket is signed in its query, without the
//     session token
#[test]
fn a_query_that_awss_own_library_signed_is_accepted() {
    let claim = judge(QUERY, "localhost", SIGNED_S).unwrap();
    assert_eq!(claim.access_key_id, "AKIDEXAMPLE");
    assert_eq!(claim.session_token.as_deref(), Some("the/token="));
    assert_eq!(claim.service(), "iotdevicegateway");
    assert!(Claim::read_query("a=b").is_none());
}

#[test]
fn a_query_that_differs_from_what_was_signed_is_refused() {
    let late = SIGNED_S + SKEW_S + 1;
    for (query, host, now_s, problem) in [
        (QUERY.to_owned(), "other", SIGNED_S, "does not match"),
        (
            QUERY.replace("c4c", "c4d"),
            "localhost",
            SIGNED_S,
            "does not match",
        ),
        (
            format!("{QUERY}&a=b"),
            "localhost",
            SIGNED_S,
            "does not match",
        ),
        (QUERY.to_owned(), "localhost", late, "Signature expired"),
        (
            format!("{QUERY}&X-Amz-Expires=600"),
            "localhost",
            late,
            "does not match",
        ),
        (
            QUERY.replace("us-east-1", "us-west-2"),
            "localhost",
            SIGNED_S,
            "valid region",
        ),
        (
            QUERY.replace("X-Amz-Date", "Date"),
            "localhost",
            SIGNED_S,
            "'X-Amz-Date'",
        ),
        (
            QUERY.replace("HMAC-SHA256", "X"),
            "localhost",
            SIGNED_S,
            "Unsupported AWS",
        ),
        (
            format!("{QUERY}&X-Amz-Expires=long"),
            "localhost",
            SIGNED_S,
            "should be a number",
        ),
    ] {
        let error = judge(&query, host, now_s).unwrap_err().to_string();
        assert!(error.contains(problem), "{query}: {error}");
    }
}
