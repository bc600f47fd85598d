//! Verification of AWS Signature Version 4, with AWS's error texts.
//!
#![doc = include_str!("../README.md")]
//!
//! Source: IAM user guide, "AWS Signature Version 4 for API requests" (elements, canonical request,
//! troubleshooting).

mod canonical;
mod presigned;
#[cfg(test)]
mod tests;

pub use canonical::percent_decode;
use http::HeaderMap;
use http::header::{AUTHORIZATION, DATE};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use ring::{digest, hmac};

/// The algorithm at the start of the `Authorization` header; no other is accepted.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";
const AMZ_DATE: &str = "x-amz-date";
const AMZ_DATE_FORMAT: &str = "%Y%m%dT%H%M%SZ";
const TOKEN: &str = "x-amz-security-token";
/// Largest difference between a request's time and the service's, seconds.
pub const SKEW_S: u64 = 300;

/// Why a signature is refused, with AWS's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The request has no `Authorization` header.
    #[error("Request is missing Authentication Token")]
    Missing,
    /// The header lacks a part or is malformed.
    #[error("{0}")]
    Incomplete(String),
    /// The access key or session token is unknown. Only the caller knows which exist.
    #[error("The security token included in the request is invalid.")]
    Stranger,
    /// The request was signed for another service, region or time, or with another secret, or was
    /// changed.
    #[error("{0}")]
    Invalid(String),
}

/// A request as received.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Method such as `POST`.
    pub method: &'a str,
    /// Path, still percent-encoded.
    pub path: &'a str,
    /// Query without its `?`, still percent-encoded.
    pub query: &'a str,
    /// All headers, signed or not.
    pub headers: &'a HeaderMap,
    /// The whole body; its hash is computed here.
    pub body: &'a [u8],
}

/// The content of an `Authorization` header or of a presigned query, not yet verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Access key id, with which the caller looks up the secret.
    pub access_key_id: String,
    /// Session token (`x-amz-security-token`) of temporary credentials.
    pub session_token: Option<String>,
    scope: Scope,
    signed_headers: Vec<String>,
    signature: String,
    amz_date: String,
    /// Whether it was read from the query, and how long it is valid then, seconds.
    presigned_s: Option<u64>,
}

/// Day, region and service that a signature is valid for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Scope {
    date: String,
    region: String,
    service: String,
    terminator: String,
}

impl Claim {
    /// Reads the `Authorization` header.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Missing`], [`SignatureError::Incomplete`].
    pub fn read(headers: &HeaderMap) -> Result<Self, SignatureError> {
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        let Some(authorization) = text(AUTHORIZATION.as_str()) else {
            return Err(SignatureError::Missing);
        };
        let incomplete = |problem: String| SignatureError::Incomplete(problem);
        let Some(parameters) = authorization.strip_prefix(ALGORITHM) else {
            let found = authorization.split(' ').next().unwrap_or_default();
            let problem = format!("Unsupported AWS 'algorithm': '{found}', only {ALGORITHM}.");
            return Err(incomplete(problem));
        };
        let parameter = |name: &str| {
            let mut all = parameters.split(',').map(str::trim);
            all.find_map(|p| p.strip_prefix(name)?.strip_prefix('='))
        };
        let names = ["Credential", "Signature", "SignedHeaders"];
        let missing = names.iter().filter(|name| parameter(name).is_none());
        let mut missing: Vec<String> = missing
            .map(|name| format!("Authorization header requires '{name}' parameter."))
            .collect();
        let amz_date = text(AMZ_DATE).or_else(|| text(DATE.as_str()));
        if amz_date.is_none() {
            let problem = "Authorization header requires existence of either a 'X-Amz-Date' or a \
                           'Date' header.";
            missing.push(problem.to_owned());
        }
        if !missing.is_empty() {
            return Err(incomplete(missing.join(" ")));
        }
        let value = |name: &str| parameter(name).unwrap_or_default().to_owned();
        let credential = value("Credential");
        let (access_key_id, scope) = Scope::read(&credential)?;
        Ok(Self {
            access_key_id,
            session_token: text(TOKEN).map(str::to_owned),
            scope,
            presigned_s: None,
            signed_headers: value("SignedHeaders")
                .split(';')
                .map(str::to_owned)
                .collect(),
            signature: value("Signature"),
            amz_date: amz_date.unwrap_or_default().to_owned(),
        })
    }

    /// The service that the request is signed for, as the caller names it; nothing is verified.
    pub fn service(&self) -> &str {
        &self.scope.service
    }

    /// Checks region, service (one of the signing names in `services`), time and signed headers.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Invalid`], or [`SignatureError::Incomplete`] for a malformed time.
    pub fn check(&self, region: &str, services: &[&str], now_s: u64) -> Result<(), SignatureError> {
        let invalid = |problem: String| Err(SignatureError::Invalid(problem));
        let scope = &self.scope;
        if scope.terminator != TERMINATOR {
            let found = &scope.terminator;
            return invalid(format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}', not \
                 '{found}'."
            ));
        }
        if scope.region != region {
            return invalid(format!(
                "Credential should be scoped to a valid region, not '{}'. This is '{region}'.",
                scope.region
            ));
        }
        if !services.contains(&scope.service.as_str()) {
            let service = services.first().copied().unwrap_or_default();
            return invalid(format!(
                "Credential should be scoped to correct service: '{service}'. "
            ));
        }
        let Some(signed_s) = parse_amz_date(&self.amz_date) else {
            let found = &self.amz_date;
            let problem = format!("Date must be in ISO-8601 'basic format'. Got '{found}'.");
            return Err(SignatureError::Incomplete(problem));
        };
        let day = &self.amz_date[..8];
        if scope.date != day {
            let (scoped, from) = (&scope.date, &self.amz_date);
            return invalid(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date \
                 from HTTP: '{scoped}' != '{day}', from '{from}'."
            ));
        }
        let (now, from) = (amz_date(now_s), &self.amz_date);
        if signed_s + self.presigned_s.unwrap_or_default().max(SKEW_S) < now_s {
            let earliest = amz_date(now_s - SKEW_S);
            return invalid(format!(
                "Signature expired: {from} is now earlier than {earliest} ({now} - 5 min.)"
            ));
        }
        if signed_s > now_s + SKEW_S {
            let latest = amz_date(now_s + SKEW_S);
            return invalid(format!(
                "Signature not yet current: {from} is still later than {latest} ({now} + 5 min.)"
            ));
        }
        if !self.signed_headers.iter().any(|name| name == "host") {
            return invalid(
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// Checks that `request` was signed with `secret`.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Invalid`] with, as in AWS, the canonical request and the string to sign.
    pub fn verify(&self, request: &Request<'_>, secret: &str) -> Result<(), SignatureError> {
        let query = match self.presigned_s {
            Some(_) => presigned::signed_query(request.query),
            None => request.query.to_owned(),
        };
        let request = Request {
            query: &query,
            ..*request
        };
        let canonical = canonical::request(&request, &self.signed_headers);
        let signed = self.scope.string_to_sign(&self.amz_date, &canonical);
        let key = self.scope.key(secret);
        let matches = from_hex(&self.signature)
            .is_some_and(|given| hmac::verify(&key, signed.as_bytes(), &given).is_ok());
        if matches {
            return Ok(());
        }
        Err(SignatureError::Invalid(format!(
            "The request signature we calculated does not match the signature you provided. Check \
             your AWS Secret Access Key and signing method. Consult the service documentation for \
             details.\n\nThe Canonical String for this request should have been\n'{canonical}'\n\n\
             The String-to-Sign should have been\n'{signed}'\n"
        )))
    }
}

impl Scope {
    /// The access key id and the scope of a credential.
    fn read(credential: &str) -> Result<(String, Self), SignatureError> {
        // A key has no slash, so the last four elements are the scope.
        let elements: Vec<&str> = credential.split('/').collect();
        let [access_key_id, date, region, service, terminator] = elements[..] else {
            return Err(SignatureError::Incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. \
                 keyid/date/region/service/term, got '{credential}'"
            )));
        };
        let scope = Self {
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            terminator: terminator.to_owned(),
        };
        Ok((access_key_id.to_owned(), scope))
    }

    fn text(&self) -> String {
        let Self {
            date,
            region,
            service,
            terminator,
        } = self;
        format!("{date}/{region}/{service}/{terminator}")
    }

    fn string_to_sign(&self, amz_date: &str, canonical: &str) -> String {
        let hash = sha256_hex(canonical.as_bytes());
        format!("{ALGORITHM}\n{amz_date}\n{}\n{hash}", self.text())
    }

    fn key(&self, secret: &str) -> hmac::Key {
        let mut key = format!("AWS4{secret}").into_bytes();
        for part in [&self.date, &self.region, &self.service, &self.terminator] {
            let step = hmac::Key::new(hmac::HMAC_SHA256, &key);
            key = hmac::sign(&step, part.as_bytes()).as_ref().to_vec();
        }
        hmac::Key::new(hmac::HMAC_SHA256, &key)
    }
}

/// The `Authorization` header for `request`, which must already have `Host` and `X-Amz-Date`
/// headers. All its headers are signed.
pub fn authorization(
    request: &Request<'_>,
    (access_key_id, secret): (&str, &str),
    (region, service): (&str, &str),
) -> String {
    let date = request.headers.get(AMZ_DATE).and_then(|v| v.to_str().ok());
    let amz_date = date.unwrap_or_default();
    let scope = Scope {
        date: amz_date.get(..8).unwrap_or_default().to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
        terminator: TERMINATOR.to_owned(),
    };
    let names = request.headers.keys().map(|name| name.as_str().to_owned());
    let mut names: Vec<String> = names.collect();
    names.sort();
    let canonical = canonical::request(request, &names);
    let signed = scope.string_to_sign(amz_date, &canonical);
    let signature = to_hex(hmac::sign(&scope.key(secret), signed.as_bytes()).as_ref());
    format!(
        "{ALGORITHM} Credential={access_key_id}/{}, SignedHeaders={}, Signature={signature}",
        scope.text(),
        names.join(";")
    )
}

/// Epoch seconds in the form of the header `x-amz-date`: `20260301T120000Z`.
pub fn amz_date(at_s: u64) -> String {
    let moment = i64::try_from(at_s)
        .ok()
        .and_then(|s| Timestamp::from_second(s).ok());
    moment
        .unwrap_or(Timestamp::MAX)
        .strftime(AMZ_DATE_FORMAT)
        .to_string()
}

fn parse_amz_date(text: &str) -> Option<u64> {
    let is_whole = text.len() == 16 && text.bytes().filter(u8::is_ascii_digit).count() == 14;
    let date_time = DateTime::strptime(AMZ_DATE_FORMAT, text)
        .ok()
        .filter(|_| is_whole)?;
    let moment = date_time.to_zoned(TimeZone::UTC).ok()?.timestamp();
    u64::try_from(moment.as_second()).ok()
}

fn sha256_hex(bytes: &[u8]) -> String {
    to_hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits.map(canonical::hex_byte).collect()
}
