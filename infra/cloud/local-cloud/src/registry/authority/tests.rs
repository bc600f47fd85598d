//! Signing requests made by other tools, and keeping the authority.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::super::certificate_variables;
use super::*;

/// Made by `openssl req -new -newkey rsa:2048 -nodes -subj /CN=G030JF055364XVRB`.
const OPENSSL_RSA: &str = "\
-----BEGIN CERTIFICATE REQUEST-----\n\
MIICYDCCAUgCAQAwGzEZMBcGA1UEAwwQRzAzMEpGMDU1MzY0WFZSQjCCASIwDQYJ\n\
KoZIhvcNAQEBBQADggEPADCCAQoCggEBAK7SNR+lVhBLNks74jjoEdfDk6W3zez/\n\
hH8u5VPCsxcdGvMNE1JihPwDSXNnvG/RYZ7/P4SUDN996zexe9R1yxejjKIbqG8K\n\
nooKEF3KPOXoar11xJCaSbrfNN0ZodaIhy6mjuZwsK/9D+XVh/8IOkZNSVUSupjo\n\
ap97h8Ao64ZINitsdlEITckWyMfr3jE6e4rbOpDLTMBZHizVE49VVmBO0NyNHdIZ\n\
IfYw1Pm00z2Y03UPBETOpcUrqkzpilDVtroXTQmyAAllL7A6VhFGbCb1/sFT0RQQ\n\
ASrvTLoA605XUwxAoq/LbVL+DUgK48xpmWexaSwV3KN/occ3wRUyDQ8CAwEAAaAA\n\
MA0GCSqGSIb3DQEBCwUAA4IBAQCHxFXmI3SfsKo0R6dlrykaL9jysLF9BbTlSFOE\n\
kk3vgLgG9cjj5bk+6QNMJi1Ss8MuT3CRj3XueC+cRtMzREt2UqfYl9wU6qGG8mmd\n\
5vjXHK0l7Tcel0nyQCcpF6BronvqRGQe4bpRw0Bj5Mit8475iVxJTFjtzDoAO5Vl\n\
tdEz1Y/JKfChYIqaAboqFIFBXVwhl5d5o/CBdOACFFpPB7U0Dtjb7bmxBKJazG9p\n\
W0qfgvoHVog3W+xeBZQh3Qf6Hu+/p6lIBooaj66n7+6m0IGosUd4e5Vg23WpRHn4\n\
0YQcDhBPmjM5ON/wjO0wsB9rxrPKeRZZXkmPtIvsz+8StkeW\n\
-----END CERTIFICATE REQUEST-----\n";

#[test]
fn a_certificate_for_an_openssl_request_keeps_its_common_name() {
    let authority = Authority::load_or_create(None).unwrap();
    let signed = authority.sign_request(OPENSSL_RSA).unwrap();
    let der = CertificateDer::from_pem_slice(signed.pem.as_bytes()).unwrap();
    assert_eq!(signed.id, fingerprint(&der));
    let variables = certificate_variables(&der);
    assert_eq!(
        variables["iot:Certificate.Subject.CommonName"],
        "G030JF055364XVRB"
    );
    assert_eq!(
        variables["iot:Certificate.Issuer.CommonName"],
        "Local Cloud Root CA"
    );
}

#[test]
fn an_invalid_signing_request_is_refused() {
    let authority = Authority::load_or_create(None).unwrap();
    let tampered = OPENSSL_RSA.replace("tdEz1Y", "tdEz1Z");
    for csr in ["", "text", authority.pem(), tampered.as_str()] {
        let refused = authority.sign_request(csr);
        assert!(matches!(refused, Err(AuthorityError::BadRequest(_))));
    }
}

#[test]
fn the_authority_is_kept_and_an_incomplete_one_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let first = Authority::load_or_create(Some(dir.path())).unwrap();
    let again = Authority::load_or_create(Some(dir.path())).unwrap();
    assert_eq!(first.pem(), again.pem());
    let refused = |text: Option<&str>| {
        let path = dir.path().join(KEY_FILE);
        match text {
            Some(text) => std::fs::write(&path, text).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        let error = Authority::load_or_create(Some(dir.path())).unwrap_err();
        assert!(matches!(error, AuthorityError::Damaged(_)), "{error}");
    };
    let other = KeyPair::generate().unwrap().serialize_pem();
    refused(Some("damaged"));
    // No device would trust a server whose certificate it has signed.
    refused(Some(&other));
    refused(None);
}
