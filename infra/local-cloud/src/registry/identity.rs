//! Who is at the other end of an MQTT connection, in the words that policies use.
//!
//! Must not know which documents apply; it only fills in policy variables.

use std::collections::BTreeMap;

use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::x509::X509Name;

/// Longest certificate field that AWS substitutes into a policy.
const CERTIFICATE_VALUE_CHARS_MAX: usize = 1024;

/// A connection's client, as policies see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Certificate id.
    pub principal: String,
    /// MQTT client id.
    pub client_id: String,
    /// Policy variables and condition keys, by their names without `${}`.
    pub variables: BTreeMap<String, String>,
}

/// Variables that come from the certificate itself. Values with characters that are wildcards somewhere are left out,
/// so that a policy that relies on them refuses. *Source*: AWS IoT, X.509 certificate policy variables.
pub fn certificate_variables(der: &[u8]) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        return variables;
    };
    add_name(&mut variables, "Subject", certificate.subject());
    add_name(&mut variables, "Issuer", certificate.issuer());
    let serial = certificate.raw_serial_as_string().replace(':', "");
    add(&mut variables, "iot:Certificate.SerialNumber", &serial);
    variables
}

fn add_name(variables: &mut BTreeMap<String, String>, whose: &str, name: &X509Name<'_>) {
    let fields = [
        ("CommonName", name.iter_common_name().next()),
        ("Organization", name.iter_organization().next()),
        ("OrganizationalUnit", name.iter_organizational_unit().next()),
        ("Country", name.iter_country().next()),
    ];
    for (field, value) in fields {
        if let Some(value) = value.and_then(|v| v.as_str().ok()) {
            add(
                variables,
                &format!("iot:Certificate.{whose}.{field}"),
                value,
            );
        }
    }
}

fn add(variables: &mut BTreeMap<String, String>, name: &str, value: &str) {
    let is_safe = !value.contains(['*', '$', '+', '?', '#'])
        && value.chars().count() <= CERTIFICATE_VALUE_CHARS_MAX;
    if is_safe {
        variables.insert(name.to_owned(), value.to_owned());
    }
}
