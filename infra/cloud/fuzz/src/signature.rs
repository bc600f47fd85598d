//! Signatures: any headers are read or refused, what was signed is accepted, and what was changed
//! afterwards is refused.
//!
//! An input holds method, path, query, headers (`name: value` by line) and body, separated by zero
//! bytes.

use aws_sigv4_verify::{Claim, Request, SKEW_S, SignatureError, amz_date, authorization};
use http::{HeaderMap, HeaderName, HeaderValue};

const NOW_S: u64 = 1_772_366_400;
const REGION: &str = "us-east-1";
const SERVICE: &str = "iotdata";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// Checks one input.
pub fn check(bytes: &[u8]) {
    let mut parts = crate::parts(bytes, 5);
    let mut part = || parts.next().unwrap_or_default();
    let mut text = || String::from_utf8_lossy(part()).into_owned();
    let (method, path, query) = (text(), text(), text());
    let mut received = HeaderMap::new();
    for line in part().split(|byte| *byte == b'\n') {
        let at = line.iter().position(|byte| *byte == b':');
        let Some((name, value)) = at.map(|at| (&line[..at], &line[at + 1..])) else {
            continue;
        };
        let name = HeaderName::from_bytes(name);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
            received.append(name, value);
        }
    }
    let body = part();
    let request = |headers| Request {
        method: &method,
        path: &path,
        query: &query,
        headers,
        body,
    };
    // As it came: somebody else's signature, at best.
    if let Ok(claim) = Claim::read(&received) {
        let _ = claim.check(REGION, &[SERVICE], NOW_S);
        assert!(claim.verify(&request(&received), SECRET).is_err());
    }
    let mut headers = received.clone();
    for (name, value) in [("host", "localhost"), ("x-amz-date", &amz_date(NOW_S))] {
        let value = HeaderValue::from_str(value).expect("plain text");
        headers.insert(HeaderName::from_static(name), value);
    }
    headers.remove("authorization");
    let signed = authorization(&request(&headers), ("AKID", SECRET), (REGION, SERVICE));
    laws(&request(&headers), &signed);
}

fn read(headers: &HeaderMap, authorization: &str) -> Claim {
    let mut headers = headers.clone();
    let value = HeaderValue::from_str(authorization).expect("plain text");
    headers.insert("authorization", value);
    Claim::read(&headers).expect("what was made here is complete")
}

/// What holds of a request and the `Authorization` header that belongs to it.
fn laws(request: &Request<'_>, signed: &str) {
    let claim = read(request.headers, signed);
    assert_eq!(claim.access_key_id, "AKID");
    assert_eq!(claim.check(REGION, &[SERVICE], NOW_S), Ok(()));
    assert_eq!(claim.verify(request, SECRET), Ok(()));

    let is_refused = |result: Result<(), SignatureError>| {
        assert!(
            matches!(result, Err(SignatureError::Invalid(_))),
            "{result:?}"
        );
    };
    is_refused(claim.check("eu-west-1", &[SERVICE], NOW_S));
    is_refused(claim.check(REGION, &["iot"], NOW_S));
    is_refused(claim.check(REGION, &[SERVICE], NOW_S + SKEW_S + 1));
    is_refused(claim.check(REGION, &[SERVICE], NOW_S - SKEW_S - 1));
    is_refused(claim.verify(request, "another"));
    let method = format!("{}X", request.method);
    let method = Request {
        method: &method,
        ..*request
    };
    is_refused(claim.verify(&method, SECRET));
    let mut body = request.body.to_vec();
    match body.len() {
        0 => body.push(0),
        length => body[length / 2] ^= 1,
    }
    is_refused(claim.verify(
        &Request {
            body: &body,
            ..*request
        },
        SECRET,
    ));
    let digit = if signed.ends_with('0') { "1" } else { "0" };
    let forged = format!("{}{digit}", &signed[..signed.len() - 1]);
    is_refused(read(request.headers, &forged).verify(request, SECRET));
}
