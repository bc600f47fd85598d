//! The client of an MQTT connection, in the variables that policies use.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::x509::X509Name;

use crate::caller::Caller;
use aws_policy::{CERTIFICATE_VALUES_MAX, VALUE_SEPARATOR};

/// The client of a connection, as policies see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub principal: String,
    pub client_id: String,
    /// Policy variables and condition keys, by name without `${}`.
    pub variables: BTreeMap<String, String>,
    /// Who signed the handshake, for a client without a certificate; IAM policies apply to it.
    pub caller: Option<Arc<Caller>>,
}

/// Fields of a distinguished name with their object identifiers. Source: X.520.
const FIELDS: [(&str, &str); 13] = [
    ("CommonName", "2.5.4.3"),
    ("Surname", "2.5.4.4"),
    ("SerialNumber", "2.5.4.5"),
    ("Country", "2.5.4.6"),
    ("State", "2.5.4.8"),
    ("Organization", "2.5.4.10"),
    ("OrganizationalUnit", "2.5.4.11"),
    ("Title", "2.5.4.12"),
    ("GivenName", "2.5.4.42"),
    ("Initials", "2.5.4.43"),
    ("GenerationQualifier", "2.5.4.44"),
    ("DistinguishedNameQualifier", "2.5.4.46"),
    ("Pseudonym", "2.5.4.65"),
];

/// Policy variables from the fields of a certificate.
/// Source: AWS IoT developer guide, "Using X.509 certificate policy variables".
pub fn certificate_variables(der: &[u8]) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        return variables;
    };
    // In decimal, as in AWS.
    let serial = certificate.serial.to_string();
    variables.insert("iot:Certificate.SerialNumber".to_owned(), serial);
    add_name(&mut variables, "Subject", certificate.subject());
    add_name(&mut variables, "Issuer", certificate.issuer());
    for extension in certificate.extensions() {
        let (whose, names) = match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(found) => ("Subject", &found.general_names),
            ParsedExtension::IssuerAlternativeName(found) => ("Issuer", &found.general_names),
            _ => continue,
        };
        add_alternatives(&mut variables, whose, names);
    }
    variables
}

fn add_name(variables: &mut BTreeMap<String, String>, whose: &str, name: &X509Name<'_>) {
    for (field, identifier) in FIELDS {
        let values = name.iter_attributes();
        let values = values.filter(|a| a.attr_type().to_id_string() == identifier);
        let values = values.filter_map(|a| a.as_str().ok().map(str::to_owned));
        add(variables, &format!("{whose}.{field}"), values.collect());
    }
}

fn add_alternatives(
    variables: &mut BTreeMap<String, String>,
    whose: &str,
    names: &[GeneralName<'_>],
) {
    let mut by_kind: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for name in names {
        let (kind, value) = match name {
            GeneralName::DNSName(name) => ("DNSName", Some((*name).to_owned())),
            GeneralName::RFC822Name(name) => ("RFC822Name", Some((*name).to_owned())),
            GeneralName::URI(name) => ("UniformResourceIdentifier", Some((*name).to_owned())),
            GeneralName::IPAddress(bytes) => ("IPAddress", address(bytes)),
            _ => continue,
        };
        by_kind.entry(kind).or_default().extend(value);
    }
    for (kind, values) in by_kind {
        add(
            variables,
            &format!("{whose}.AlternativeName.{kind}"),
            values,
        );
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let sixteen = || <[u8; 16]>::try_from(bytes).map(IpAddr::from);
    let address = four.or_else(|_| sixteen()).ok()?;
    Some(address.to_string())
}

/// Adds the first value under the field's name, each under its index from 0, and all under `.List`.
fn add(variables: &mut BTreeMap<String, String>, field: &str, mut values: Vec<String>) {
    values.truncate(CERTIFICATE_VALUES_MAX);
    let Some(first) = values.first() else {
        return;
    };
    let name = format!("iot:Certificate.{field}");
    variables.insert(name.clone(), first.clone());
    let all = values.join(&VALUE_SEPARATOR.to_string());
    variables.insert(format!("{name}.List"), all);
    for (index, value) in values.into_iter().enumerate() {
        variables.insert(format!("{name}.{index}"), value);
    }
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    use serde_json::json;

    use super::*;
    use aws_policy::Document;

    /// Made by `openssl req -x509` with the names and the serial number of AWS's example.
    const EXAMPLE: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIDxDCCA2ugAwIBAgIJAJIShcu3peCGMAoGCCqGSM49BAMCMIIBKTELMAkGA1UE\n\
BhMCVVMxFDASBgNVBAoMC0lvVCBEZXZpY2VzMRIwEAYDVQQLDAlTbWFydEhvbWUx\n\
EjAQBgNVBAsMCUxpZ2h0QnVsYjEKMAgGA1UECwwBYzEKMAgGA1UECwwBZDEKMAgG\n\
A1UECwwBZTEKMAgGA1UECwwBZjELMAkGA1UECAwCTlkxHjAcBgNVBAMMFUxpZ2h0\n\
QnVsYiBEZXZpY2UgQ2VydDENMAsGA1UEKgwEQnVsYjELMAkGA1UEKwwCWloxEDAO\n\
BgNVBC4TB0J1bGIwMDExFDASBgNVBAQMC011bHRpIENvbG9yMQwwCgYDVQQMDANS\n\
R0IxEzARBgNVBEEMClJHQiBEZXZpY2UxCjAIBgNVBCwMATQxDDAKBgNVBAUTAzEy\n\
MzAeFw0yNjExMjIwOTI3MTVaFw0zNjExMTkwOTI3MTVaMIIBKTELMAkGA1UEBhMC\n\
VVMxFDASBgNVBAoMC0lvVCBEZXZpY2VzMRIwEAYDVQQLDAlTbWFydEhvbWUxEjAQ\n\
BgNVBAsMCUxpZ2h0QnVsYjEKMAgGA1UECwwBYzEKMAgGA1UECwwBZDEKMAgGA1UE\n\
CwwBZTEKMAgGA1UECwwBZjELMAkGA1UECAwCTlkxHjAcBgNVBAMMFUxpZ2h0QnVs\n\
YiBEZXZpY2UgQ2VydDENMAsGA1UEKgwEQnVsYjELMAkGA1UEKwwCWloxEDAOBgNV\n\
BC4TB0J1bGIwMDExFDASBgNVBAQMC011bHRpIENvbG9yMQwwCgYDVQQMDANSR0Ix\n\
EzARBgNVBEEMClJHQiBEZXZpY2UxCjAIBgNVBCwMATQxDDAKBgNVBAUTAzEyMzBZ\n\
MBMGByqGSM49AgEGCCqGSM49AwEHA0IABKYELJzHtyD3K169WR+4Cw7sIwWtXSAt\n\
EnzuHHpsSErGvcx9Ank7WymgiaXeWK/e55CYIOaSQMLFFXaVVOSkcCGjeDB2MFUG\n\
A1UdEQROMEyCC2V4YW1wbGUuY29tggtleGFtcGxlLm9yZ4cEAQIDBIYVUmVzb3Vy\n\
Y2VJZGVudGlmaWVyMDAxgRNkZXZpY2UxQGV4YW1wbGUuY29tMB0GA1UdDgQWBBQl\n\
urQ/PhVKpPSFl06m4ak1NMNfTjAKBggqhkjOPQQDAgNHADBEAiBod7AcCDmhnPEm\n\
lEtkFEyI7J8fSMcwtRXXe+af5bXzVAIgX6Fh5yiLbrTddr621zJEFvFL96COyryq\n\
uaXiLJoSAjQ=\n\
-----END CERTIFICATE-----\n";

    fn example() -> BTreeMap<String, String> {
        let der = CertificateDer::from_pem_slice(EXAMPLE.as_bytes()).unwrap();
        certificate_variables(&der)
    }

    // AWS same(policy): a certificate's serial number is a decimal number; of a field with several
    //     values the name alone is the first, .1 the second, .List all, at most five
    #[test]
    fn the_fields_of_a_certificate_have_the_values_of_awss_example() {
        let variables = example();
        let list = |values: &[&str]| values.join(&VALUE_SEPARATOR.to_string());
        for (name, expected) in [
            ("SerialNumber", "10525622389124227206"),
            ("Subject.Country", "US"),
            ("Subject.Organization", "IoT Devices"),
            ("Subject.OrganizationalUnit", "SmartHome"),
            ("Subject.OrganizationalUnit.0", "SmartHome"),
            ("Subject.OrganizationalUnit.1", "LightBulb"),
            ("Subject.OrganizationalUnit.4", "e"),
            (
                "Subject.OrganizationalUnit.List",
                &list(&["SmartHome", "LightBulb", "c", "d", "e"]),
            ),
            ("Subject.State", "NY"),
            ("Subject.CommonName", "LightBulb Device Cert"),
            ("Subject.GivenName", "Bulb"),
            ("Subject.Initials", "ZZ"),
            ("Subject.DistinguishedNameQualifier", "Bulb001"),
            ("Subject.Surname", "Multi Color"),
            ("Subject.Title", "RGB"),
            ("Subject.Pseudonym", "RGB Device"),
            ("Subject.GenerationQualifier", "4"),
            ("Subject.SerialNumber", "123"),
            ("Issuer.CommonName", "LightBulb Device Cert"),
            ("Subject.AlternativeName.DNSName", "example.com"),
            ("Subject.AlternativeName.DNSName.1", "example.org"),
            ("Subject.AlternativeName.IPAddress", "1.2.3.4"),
            (
                "Subject.AlternativeName.UniformResourceIdentifier",
                "ResourceIdentifier001",
            ),
            ("Subject.AlternativeName.RFC822Name", "device1@example.com"),
        ] {
            let value = variables.get(&format!("iot:Certificate.{name}"));
            assert_eq!(value.map(String::as_str), Some(expected), "{name}");
        }
        assert!(!variables.contains_key("iot:Certificate.Subject.OrganizationalUnit.5"));
    }

    #[test]
    fn every_field_that_has_a_value_can_be_used_by_a_policy() {
        for name in example().keys() {
            let statement = json!({"Effect": "Deny", "Action": "*",
                "Resource": format!("${{{name}}}"),
                "Condition": {"StringEquals": {name: "x"}}});
            let document = json!({"Version": "2012-10-17", "Statement": [statement]});
            Document::parse(&document).unwrap();
        }
    }
}
