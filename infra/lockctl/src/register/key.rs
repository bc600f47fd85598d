//! Keys and signing requests. A private key is made here and goes nowhere but into its file.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData,
};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer;

/// A public key in its DER form, to compare keys by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(Vec<u8>);

/// A signing request and what it is about.
#[derive(Debug, Clone)]
pub struct SigningRequest {
    /// The request, as PEM.
    pub pem: String,
    /// Its key.
    pub key: PublicKey,
    /// Its common name.
    pub common_name: Option<String>,
}

/// Where the key of a device comes from.
#[derive(Debug, Clone)]
pub enum Key {
    /// A file of the folder, which may not exist yet.
    Folder(Option<String>),
    /// A signing request that was made elsewhere.
    Request(SigningRequest),
}

impl Key {
    /// The public key; `None` if there is no key yet.
    ///
    /// # Errors
    ///
    /// The file of the folder is not a private key.
    pub fn public(&self, name: &str) -> Result<Option<PublicKey>> {
        match self {
            Self::Folder(None) => Ok(None),
            Self::Folder(Some(pem)) => Ok(Some(request(name, pem)?.key)),
            Self::Request(request) => Ok(Some(request.key.clone())),
        }
    }

    /// The request to sign it.
    ///
    /// # Errors
    ///
    /// There is no key yet, or its file is not a private key.
    pub fn request(&self, name: &str) -> Result<SigningRequest> {
        match self {
            Self::Folder(pem) => {
                let pem = pem.as_deref();
                request(name, pem.context("a key is made before it is signed")?)
            }
            Self::Request(request) => Ok(request.clone()),
        }
    }
}

/// Makes a private key: ECDSA on the curve P-256, as PEM.
///
/// # Errors
///
/// The system gives no random numbers.
pub fn make_key() -> Result<String> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).context("make a key")?;
    Ok(key.serialize_pem())
}

/// The request to sign the key of a device.
///
/// # Errors
///
/// The text is not a private key.
pub fn request(name: &str, key_pem: &str) -> Result<SigningRequest> {
    let key = KeyPair::from_pem(key_pem).context("read the private key")?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let request = params.serialize_request(&key);
    let pem = request.and_then(|request| request.pem());
    Ok(SigningRequest {
        pem: pem.context("make the signing request")?,
        key: PublicKey(key.subject_public_key_info()),
        common_name: Some(name.to_owned()),
    })
}

/// Reads a signing request that was made elsewhere.
///
/// # Errors
///
/// The text is not a signing request.
pub fn read_request(pem: &str) -> Result<SigningRequest> {
    let (_, der) = parse_x509_pem(pem.as_bytes()).context("read the signing request")?;
    let parsed = X509CertificationRequest::from_der(&der.contents);
    let (_, request) = parsed.context("read the signing request")?;
    let info = &request.certification_request_info;
    let name = info.subject.iter_common_name().next();
    let name = name.and_then(|name| name.as_str().ok());
    Ok(SigningRequest {
        pem: pem.to_owned(),
        key: PublicKey(info.subject_pki.raw.to_vec()),
        common_name: name.map(str::to_owned),
    })
}

/// Reads the file with the signing request of a genuine button.
///
/// # Errors
///
/// It cannot be read, is not a signing request, or has another common name than the serial number.
pub fn read_request_file(path: &Path, serial: &str) -> Result<SigningRequest> {
    let shown = path.display();
    let pem = std::fs::read_to_string(path).map_err(|error| {
        anyhow!("read {shown}: {error}; give --csr the path of the button's signing request")
    })?;
    let request = read_request(&pem).map_err(|error| {
        anyhow!("{shown}: {error:#}; give --csr the file that `openssl req -new` has written")
    })?;
    if request.common_name.as_deref() != Some(serial) {
        bail!(
            "the common name in {shown} is {}, not the serial number {serial}: make the request \
             with `openssl req -new -newkey rsa:2048 -nodes -keyout button.key -subj /CN={serial} \
             -out button.csr`",
            request.common_name.as_deref().unwrap_or("absent"),
        );
    }
    Ok(request)
}

/// The key of a certificate; `None` if the text is not a certificate.
pub fn key_of(certificate_pem: &str) -> Option<PublicKey> {
    let (_, pem) = parse_x509_pem(certificate_pem.as_bytes()).ok()?;
    let certificate = pem.parse_x509().ok()?;
    Some(PublicKey(certificate.public_key().raw.to_vec()))
}

/// A new key, and the PEM of a certificate for it.
#[cfg(test)]
pub fn sign_new() -> (PublicKey, String) {
    let pem = make_key().expect("a key");
    let pair = KeyPair::from_pem(&pem).expect("a key");
    let certificate = CertificateParams::default().self_signed(&pair);
    let request = request("lock-1", &pem).expect("a request");
    (request.key, certificate.expect("signed").pem())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_recognized_by_its_key() {
        let (key, other) = (make_key().expect("a key"), make_key().expect("a key"));
        let ours = request("front-door", &key).expect("a request");
        let read = read_request(&ours.pem).expect("a request");
        assert_eq!(read.key, ours.key);
        assert_eq!(read.common_name.as_deref(), Some("front-door"));
        let pair = KeyPair::from_pem(&key).expect("a key");
        let signed = CertificateParams::default().self_signed(&pair);
        let certificate = signed.expect("signed").pem();
        assert_eq!(key_of(&certificate), Some(ours.key.clone()));
        let others = request("front-door", &other).expect("a request");
        assert_ne!(key_of(&certificate), Some(others.key));
        assert_eq!(key_of("no certificate"), None);
        assert!(read_request("no request").is_err());
    }
}
