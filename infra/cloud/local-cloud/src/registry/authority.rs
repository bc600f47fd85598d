//! The certificate authority of the local cloud: it signs the certificates of the server and of
//! every device.

use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateSigningRequestParams,
    DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::storage::{self, StorageError};

const CERTIFICATE_FILE: &str = "ca.pem";
const KEY_FILE: &str = "ca.key.pem";
/// What a client selects by ALPN: MQTT with a certificate, MQTT with a custom authorizer, HTTP.
/// Source: AWS IoT Core developer guide, "Device communication protocols".
pub const ALPN: [&str; 3] = ["x-amzn-mqtt-ca", "mqtt", "http/1.1"];
const SERVER_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Why the authority cannot be loaded or cannot sign.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The stored authority is incomplete or damaged.
    #[error(
        "load the certificate authority from {0}: ca.pem or ca.key.pem is missing or damaged: \
         remove that directory to start over"
    )]
    Damaged(String),
    #[error("parse certificate signing request")]
    BadRequest(#[source] rcgen::Error),
    #[error("sign {what}")]
    Sign {
        what: &'static str,
        #[source]
        source: rcgen::Error,
    },
    #[error("configure tls: {0}")]
    Tls(String),
}

/// A new certificate.
#[derive(Debug, Clone)]
pub struct Signed {
    /// AWS's certificate id, the fingerprint.
    pub id: String,
    pub pem: String,
}

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

impl Authority {
    /// Loads the authority kept in `dir`, or creates one there. Without `dir` it is kept in memory.
    pub fn load_or_create(dir: Option<&Path>) -> Result<Self, AuthorityError> {
        let Some(dir) = dir else {
            let (pem, key) = create()?;
            return Self::from_parts(pem, key);
        };
        let (pem_path, key_path) = (dir.join(CERTIFICATE_FILE), dir.join(KEY_FILE));
        match (storage::read(&pem_path)?, storage::read(&key_path)?) {
            (Some(pem), Some(key)) => {
                let damaged = || AuthorityError::Damaged(dir.display().to_string());
                let pem = String::from_utf8(pem).map_err(|_| damaged())?;
                let key = String::from_utf8(key).map_err(|_| damaged())?;
                let key = KeyPair::from_pem(&key).map_err(|_| damaged())?;
                if !is_of(&pem, &key) {
                    return Err(damaged());
                }
                Self::from_parts(pem, key).map_err(|_| damaged())
            }
            (None, _) => {
                // Key first: a certificate without its key would count as damaged.
                let (pem, key) = create()?;
                storage::write(&key_path, key.serialize_pem().as_bytes())?;
                storage::write(&pem_path, pem.as_bytes())?;
                Self::from_parts(pem, key)
            }
            (Some(_), None) => Err(AuthorityError::Damaged(dir.display().to_string())),
        }
    }

    fn from_parts(pem: String, key: KeyPair) -> Result<Self, AuthorityError> {
        let issuer = Issuer::from_ca_cert_pem(&pem, key).map_err(sign_error("authority"))?;
        Ok(Self { issuer, pem })
    }

    /// The root certificate, which clients must trust.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Creates an ECDSA P-256 key with a certificate.
    pub fn sign_new_keys(&self) -> Result<(Signed, KeyPair), AuthorityError> {
        let key = KeyPair::generate().map_err(sign_error("device key"))?;
        let mut params = CertificateParams::default();
        params.distinguished_name = common_name("AWS IoT Certificate");
        limit_to(&mut params, ExtendedKeyUsagePurpose::ClientAuth);
        let certificate = params
            .signed_by(&key, &self.issuer)
            .map_err(sign_error("device certificate"))?;
        Ok((signed(&certificate), key))
    }

    pub fn sign_request(&self, csr_pem: &str) -> Result<Signed, AuthorityError> {
        let mut request = CertificateSigningRequestParams::from_pem(csr_pem)
            .map_err(AuthorityError::BadRequest)?;
        limit_to(&mut request.params, ExtendedKeyUsagePurpose::ClientAuth);
        let certificate = request
            .signed_by(&self.issuer)
            .map_err(sign_error("device certificate"))?;
        Ok(signed(&certificate))
    }

    /// TLS settings of the MQTT listener: a new certificate for the loopback names; a client's
    /// certificate is of this authority. Clients of WebSocket have none.
    pub fn server_config(&self) -> Result<ServerConfig, AuthorityError> {
        let key = KeyPair::generate().map_err(sign_error("server key"))?;
        let names: Vec<String> = SERVER_NAMES.map(String::from).into();
        let mut params = CertificateParams::new(names).map_err(sign_error("server certificate"))?;
        params.distinguished_name = common_name("localhost");
        limit_to(&mut params, ExtendedKeyUsagePurpose::ServerAuth);
        let certificate = params
            .signed_by(&key, &self.issuer)
            .map_err(sign_error("server certificate"))?;

        let tls = |e: &dyn std::fmt::Display| AuthorityError::Tls(e.to_string());
        let root = CertificateDer::from_pem_slice(self.pem.as_bytes()).map_err(|e| tls(&e))?;
        let mut roots = RootCertStore::empty();
        roots.add(root).map_err(|e| tls(&e))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                .allow_unauthenticated()
                .build()
                .map_err(|e| tls(&e))?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| tls(&e))?
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![certificate.der().clone()], key)
            .map_err(|e| tls(&e))?;
        // Every connection begins with a full handshake: a session to resume is a copy of the
        // client's certificate per ticket, for hundreds of clients.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.alpn_protocols = ALPN.map(|name| name.as_bytes().to_vec()).into();
        Ok(config)
    }
}

/// Whether a certificate is of this key. No client trusts what another key signs.
fn is_of(pem: &str, key: &KeyPair) -> bool {
    let Ok(der) = CertificateDer::from_pem_slice(pem.as_bytes()) else {
        return false;
    };
    let certificate = X509Certificate::from_der(&der);
    certificate.is_ok_and(|(_, certificate)| {
        let public = &certificate.public_key().subject_public_key.data;
        public.as_ref() == key.public_key_raw()
    })
}

fn create() -> Result<(String, KeyPair), AuthorityError> {
    let key = KeyPair::generate().map_err(sign_error("authority"))?;
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name("Local Cloud Root CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    limit_age(&mut params);
    let certificate = params.self_signed(&key).map_err(sign_error("authority"))?;
    Ok((certificate.pem(), key))
}

fn limit_to(params: &mut CertificateParams, usage: ExtendedKeyUsagePurpose) {
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![usage];
    params.use_authority_key_identifier_extension = true;
    limit_age(params);
}

/// AWS's device certificates end in 2049, the last year that every X.509 reader agrees on.
fn limit_age(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2049, 12, 31);
}

fn signed(certificate: &Certificate) -> Signed {
    Signed {
        id: fingerprint(certificate.der()),
        pem: certificate.pem(),
    }
}

fn common_name(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    subject
}

fn sign_error(what: &'static str) -> impl Fn(rcgen::Error) -> AuthorityError {
    move |source| AuthorityError::Sign { what, source }
}

/// AWS's certificate id: SHA-256 of the DER in lower-case hexadecimal.
pub fn fingerprint(der: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, der);
    digest.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests;
