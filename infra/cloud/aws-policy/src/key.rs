//! Which variables and condition keys can have a value. A Deny that names any other would never
//! apply, so a document with one is refused.
//!
//! Source: AWS IoT developer guide, "Basic AWS IoT Core policy variables", "Thing policy
//! variables", "X.509 Certificate AWS IoT Core policy variables"; IAM user guide, "AWS global
//! condition context keys".

/// Values of one certificate field that a policy can refer to. Source: "X.509 Certificate policy
/// variable limitations".
pub const CERTIFICATE_VALUES_MAX: usize = 5;

/// Keys of connections.
const IOT: [&str; 10] = [
    "aws:sourceip",
    "iot:certificate.serialnumber",
    "iot:certificateid",
    "iot:clientid",
    "iot:connectattributes",
    "iot:connection.thing.isattached",
    "iot:connection.thing.thingname",
    "iot:connection.thing.thingtypename",
    "iot:domainname",
    "iot:lastwilltopic",
];

/// Keys of a function's or a rule's role.
const IDENTITY: [&str; 7] = [
    "aws:currenttime",
    "aws:epochtime",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:requestedregion",
    "aws:securetransport",
    "dynamodb:leadingkeys",
];

/// Keys of a call to a resource, by a service or by an identity.
const RESOURCE: [&str; 9] = [
    "aws:currenttime",
    "aws:epochtime",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:requestedregion",
    "aws:securetransport",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceowner",
];

/// Fields of a certificate's subject and issuer.
const FIELDS: [&str; 17] = [
    "alternativename.dnsname",
    "alternativename.ipaddress",
    "alternativename.rfc822name",
    "alternativename.uniformresourceidentifier",
    "commonname",
    "country",
    "distinguishednamequalifier",
    "generationqualifier",
    "givenname",
    "initials",
    "organization",
    "organizationalunit",
    "pseudonym",
    "serialnumber",
    "state",
    "surname",
    "title",
];

/// Why a document with this variable is refused.
pub(super) fn unknown_variable(name: &str) -> String {
    let advice = advice(name);
    format!("variable ${{{name}}} never has a value here: {advice}")
}

/// What to write instead of a key that never has a value.
pub(super) fn advice(key: &str) -> String {
    let lower = key.to_ascii_lowercase();
    if let Some(field) = lower.strip_prefix("iot:thing.") {
        let field = &key[key.len() - field.len()..];
        return format!("write iot:Connection.Thing.{field}");
    }
    if lower.starts_with("cognito-identity.") {
        return "clients have certificates here, and no Cognito identities".to_owned();
    }
    "no request carries it, so its statement would never apply: leave the statement out".to_owned()
}

/// Services whose requests are evaluated, and AWS's own prefix.
const EVALUATED: [&str; 9] = [
    "aws",
    "cloudwatch",
    "dynamodb",
    "iot",
    "lambda",
    "logs",
    "s3",
    "sns",
    "sqs",
];

/// Whether a key only has a value in the requests of a service that is not evaluated here.
pub(super) fn is_of_another_service(key: &str) -> bool {
    let prefix = key.split(':').next().unwrap_or_default();
    !EVALUATED.contains(&prefix.to_ascii_lowercase().as_str())
}

/// Whether a role's policy can refer to this key.
pub(super) fn has_value_of_identity(key: &str) -> bool {
    IDENTITY.contains(&key.to_ascii_lowercase().as_str())
}

/// Whether a resource's policy can refer to this key.
pub(super) fn has_value_of_resource(key: &str) -> bool {
    RESOURCE.contains(&key.to_ascii_lowercase().as_str())
}

/// Whether a device's policy can refer to this key.
pub(super) fn has_value_of_device(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    if IOT.contains(&key.as_str()) {
        return true;
    }
    if let Some(attribute) = key.strip_prefix("iot:connection.thing.attributes[") {
        return attribute.len() > 1 && attribute.ends_with(']');
    }
    let subject = key.strip_prefix("iot:certificate.subject.");
    let Some(field) = subject.or_else(|| key.strip_prefix("iot:certificate.issuer.")) else {
        return false;
    };
    FIELDS.contains(&strip_index(field))
}

/// `country` for `country.1` and `country.list`.
fn strip_index(field: &str) -> &str {
    let Some((name, last)) = field.rsplit_once('.') else {
        return field;
    };
    let is_index = last
        .parse()
        .is_ok_and(|n: usize| n < CERTIFICATE_VALUES_MAX);
    if is_index || last == "list" {
        name
    } else {
        field
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // AWS absent(policy): the variables AlternativeName.DirectoryName and AvailableKeys; a document
    //     with one is refused, naming it
    // AWS different(policy): AWS accepts a variable that never has a value, with a warning in the
    //     guide; here the policy is refused when it is created
    #[test]
    fn a_key_that_never_has_a_value_is_unknown() {
        for (key, expected) in [
            ("iot:ClientId", true),
            ("iot:clientid", true),
            ("aws:SourceIp", true),
            ("iot:Connection.Thing.Attributes[room]", true),
            ("iot:Connection.Thing.Attributes[]", false),
            ("iot:Connection.Thing.ThingTypeName", true),
            ("iot:CertificateId", true),
            ("iot:LastWillTopic", true),
            ("iot:Thing.ThingName", false),
            ("iot:Certificate.SerialNumber", true),
            ("iot:Certificate.Subject.Country", true),
            ("iot:Certificate.Issuer.Country.0", true),
            ("iot:Certificate.Subject.Country.4", true),
            ("iot:Certificate.Subject.Country.5", false),
            ("iot:Certificate.Subject.Country.List", true),
            ("iot:Certificate.Subject.Countri", false),
            ("iot:Certificate.Subject.AlternativeName.DNSName.1", true),
            (
                "iot:Certificate.Subject.AlternativeName.DirectoryName",
                false,
            ),
            ("iot:Certificate.AvailableKeys", false),
            ("iot:DomainName", true),
            ("iot:", false),
            ("aws:CurrentTime", false),
        ] {
            assert_eq!(has_value_of_device(key), expected, "{key}");
        }
        assert_eq!(
            advice("iot:Thing.ThingName"),
            "write iot:Connection.Thing.ThingName"
        );
        assert!(has_value_of_identity("aws:CurrentTime"));
        assert!(!has_value_of_identity("aws:SourceIp"));
    }
}
