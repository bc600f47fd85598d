//! AWS's published examples, and requests that differ from what was signed in one part.

use http::{HeaderName, HeaderValue};

use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const DATE_TEXT: &str = "20150830T123600Z";
/// [`DATE_TEXT`] in epoch seconds.
const NOW_S: u64 = 1_440_938_160;

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        (
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        )
    };
    pairs.iter().map(pair).collect()
}

fn get<'a>(path: &'a str, query: &'a str, headers: &'a HeaderMap) -> Request<'a> {
    Request {
        method: "GET",
        path,
        query,
        headers,
        body: b"",
    }
}

fn signature_of(authorization: &str) -> &str {
    authorization.rsplit_once("Signature=").unwrap().1
}

/// Method, query, headers, service, signature.
type Published<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str, &'a str);

// AWS same(data-plane): signatures are equal to those of AWS's published examples
#[test]
fn signatures_equal_the_published_examples() {
    let vanilla = [("Host", "example.amazonaws.com"), ("X-Amz-Date", DATE_TEXT)];
    let list_users = [
        (
            "Content-Type",
            "application/x-www-form-urlencoded; charset=utf-8",
        ),
        ("Host", "iam.amazonaws.com"),
        ("X-Amz-Date", DATE_TEXT),
    ];
    let rows: [Published<'_>; 4] = [
        (
            "GET",
            "",
            &vanilla,
            "service",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "POST",
            "",
            &vanilla,
            "service",
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        (
            "GET",
            "Param2=value2&Param1=value1",
            &vanilla,
            "service",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "GET",
            "Action=ListUsers&Version=2010-05-08",
            &list_users,
            "iam",
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        ),
    ];
    for (method, query, pairs, service, expected) in rows {
        let headers = headers(pairs);
        let mut request = get("/", query, &headers);
        request.method = method;
        let made = authorization(&request, ("AKIDEXAMPLE", SECRET), ("us-east-1", service));
        assert_eq!(signature_of(&made), expected, "{method} {query} {service}");
    }
}

/// The reference values come from botocore.
#[test]
fn a_path_is_normalised_then_encoded_twice() {
    let rows = [
        ("/topics/a%2Fb%20c", "/topics/a%252Fb%2520c"),
        ("/things/x:y/shadow", "/things/x%3Ay/shadow"),
        ("/a//b/./c/../d", "/a/b/d"),
        ("/a/", "/a/"),
        ("", "/"),
        ("/../..", "/"),
        ("/%C3%A9~", "/%25C3%25A9~"),
    ];
    for (path, expected) in rows {
        let headers = HeaderMap::new();
        let canonical = canonical::request(&get(path, "", &headers), &[]);
        assert_eq!(canonical.lines().nth(1), Some(expected), "{path}");
    }
}

#[test]
fn query_and_headers_have_a_single_canonical_form() {
    let headers = headers(&[("x-b", "  two   words "), ("x-b", "3"), ("x-a", "1")]);
    let request = get("/", "b=1%2f2&a=%7e&empty&a=%20", &headers);
    let canonical = canonical::request(&request, &["x-a".to_owned(), "x-b".to_owned()]);
    let lines: Vec<&str> = canonical.lines().collect();
    assert_eq!(lines[2], "a=%20&a=~&b=1%2F2&empty=");
    assert_eq!(lines[3..5], ["x-a:1", "x-b:two words,3"]);
    assert_eq!(lines[6], "x-a;x-b");
}

/// Signs a request, lets `change` alter both, and returns the service's verdict.
fn verdict(change: impl Fn(&mut HeaderMap, &mut Altered)) -> Result<(), SignatureError> {
    let mut headers = headers(&[
        ("Host", "127.0.0.1:8000"),
        ("X-Amz-Date", DATE_TEXT),
        ("X-Amz-Target", "DynamoDB_20120810.GetItem"),
    ]);
    let signed = Request {
        method: "POST",
        path: "/",
        query: "a=1",
        headers: &headers,
        body: b"{}",
    };
    let value = authorization(&signed, ("KEY", SECRET), ("us-east-1", "dynamodb"));
    headers.insert("authorization", HeaderValue::from_str(&value).unwrap());
    let mut altered = Altered {
        method: "POST",
        path: "/",
        query: "a=1",
        body: b"{}",
        secret: SECRET,
        region: "us-east-1",
        service: "dynamodb",
        now_s: NOW_S,
    };
    change(&mut headers, &mut altered);
    let claim = Claim::read(&headers)?;
    claim.check(altered.region, &[altered.service], altered.now_s)?;
    let request = Request {
        method: altered.method,
        path: altered.path,
        query: altered.query,
        headers: &headers,
        body: altered.body,
    };
    claim.verify(&request, altered.secret)
}

struct Altered {
    method: &'static str,
    path: &'static str,
    query: &'static str,
    body: &'static [u8],
    secret: &'static str,
    region: &'static str,
    service: &'static str,
    now_s: u64,
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    headers.insert(name, HeaderValue::from_str(value).unwrap());
}

/// Replaces a text within the `Authorization` header.
fn amend(headers: &mut HeaderMap, from: &str, to: &str) {
    let value = headers["authorization"].to_str().unwrap().replace(from, to);
    set(headers, "authorization", &value);
}

// AWS same(data-plane): a refused signature is answered with the canonical request and the string
//     to sign
// AWS same(data-plane): a change to any part of a signed request makes the signature invalid
#[test]
fn a_request_that_differs_from_what_was_signed_is_refused() {
    type Change = fn(&mut HeaderMap, &mut Altered);
    const MISMATCH: &str = "The request signature we calculated does not match";
    let rows: &[(&str, Change, &str)] = &[
        ("method", |_, a| a.method = "PUT", MISMATCH),
        ("path", |_, a| a.path = "/x", MISMATCH),
        ("query", |_, a| a.query = "a=2", MISMATCH),
        ("body", |_, a| a.body = b"{ }", MISMATCH),
        ("secret", |_, a| a.secret = "other", MISMATCH),
        ("header", |h, _| set(h, "x-amz-target", "x"), MISMATCH),
        (
            "signature",
            |h, _| amend(h, "Signature=", "Signature=0"),
            MISMATCH,
        ),
        (
            "region",
            |_, a| a.region = "eu-west-1",
            "scoped to a valid region, not 'us-east-1'",
        ),
        (
            "service",
            |_, a| a.service = "iotdata",
            "scoped to correct service: 'iotdata'",
        ),
        (
            "terminator",
            |h, _| amend(h, "/aws4_request", "/aws5_request"),
            "valid terminator",
        ),
        (
            "day",
            |h, _| amend(h, "/20150830/", "/20150829/"),
            "'20150829' != '20150830', from '20150830T123600Z'",
        ),
        (
            "late",
            |_, a| a.now_s += SKEW_S + 1,
            "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z \
             (20150830T124101Z - 5 min.)",
        ),
        (
            "early",
            |_, a| a.now_s -= SKEW_S + 1,
            "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z \
             (20150830T123059Z + 5 min.)",
        ),
        (
            "host",
            |h, _| amend(h, "=host;", "="),
            "'Host' or ':authority' must be a 'SignedHeader'",
        ),
    ];
    for (what, change, expected) in rows {
        let error = verdict(change).expect_err(what);
        assert!(
            matches!(&error, SignatureError::Invalid(_)),
            "{what}: {error:?}"
        );
        assert!(error.to_string().contains(expected), "{what}: {error}");
    }
    let error = verdict(|_, a| a.body = b"")
        .expect_err("another body")
        .to_string();
    assert!(error.contains("should have been\n'POST\n/\na=1\nhost:127.0.0.1:8000\n"));
    assert!(error.contains("should have been\n'AWS4-HMAC-SHA256\n20150830T123600Z\n"));
    assert_eq!(verdict(|_, _| ()), Ok(()));
    assert_eq!(verdict(|_, a| a.now_s += SKEW_S), Ok(()), "just in time");
    assert_eq!(
        verdict(|h, _| set(h, "user-agent", "x")),
        Ok(()),
        "a header that is not signed"
    );
}

// AWS different(data-plane): AWS also accepts signatures in the query (presigned) of REST calls;
//     here only the header counts, and the error says that it is missing
#[test]
fn an_incomplete_authorization_is_refused_with_the_reason() {
    type Change = fn(&mut HeaderMap, &mut Altered);
    let rows: &[(&str, Change, &str)] = &[
        (
            "none",
            |h, _| drop(h.remove("authorization")),
            "missing Authentication Token",
        ),
        (
            "presigned",
            |h, a| {
                h.remove("authorization");
                a.query = "X-Amz-Signature=0";
            },
            "missing Authentication Token",
        ),
        (
            "basic",
            |h, _| set(h, "authorization", "Basic eDp5"),
            "Unsupported AWS 'algorithm': 'Basic'",
        ),
        (
            "key",
            |h, _| amend(h, "Credential", "C"),
            "requires 'Credential' parameter.",
        ),
        (
            "signature",
            |h, _| amend(h, "Signature", "S"),
            "requires 'Signature' parameter.",
        ),
        (
            "signed",
            |h, _| amend(h, "SignedHeaders", "S"),
            "requires 'SignedHeaders' parameter.",
        ),
        (
            "date",
            |h, _| drop(h.remove("x-amz-date")),
            "either a 'X-Amz-Date' or a 'Date' header.",
        ),
        (
            "time",
            |h, _| set(h, "x-amz-date", "2015-08-30"),
            "Date must be in ISO-8601 'basic format'. Got '2015-08-30'.",
        ),
        (
            "scope",
            |h, _| amend(h, "/us-east-1/", "/"),
            "exactly 5 slash-delimited elements",
        ),
    ];
    for (what, change, expected) in rows {
        let error = verdict(change).expect_err(what);
        assert!(
            !matches!(&error, SignatureError::Invalid(_)),
            "{what}: {error:?}"
        );
        assert!(error.to_string().contains(expected), "{what}: {error}");
    }
}

#[test]
fn a_written_date_reads_back() {
    for at_s in [0, 951_782_400, NOW_S, 1_709_164_800, 4_102_444_799] {
        assert_eq!(parse_amz_date(&amz_date(at_s)), Some(at_s), "{at_s}");
    }
    assert_eq!(parse_amz_date(DATE_TEXT), Some(NOW_S));
    for text in [
        "",
        "20150830T1236",
        "20151330T123600Z",
        "20150830T246000Z",
        "20150230T120000Z",
        "2015083éT12360Z",
    ] {
        assert_eq!(parse_amz_date(text), None, "{text}");
    }
}
