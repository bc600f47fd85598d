//! TLS for the broker of the tests: certificates and the server's side of a connection.
#![allow(dead_code, reason = "no test file uses all of it")]

use std::net::TcpStream;
use std::sync::Arc;

use crate::broker::{Broker, Session};
use crate::device::Device;

/// Certificates of a broker and its client as files.
pub struct Certificates {
    directory: tempfile::TempDir,
    server: Arc<rustls::ServerConfig>,
}

impl Certificates {
    /// Creates an authority and certificates that it signed.
    pub fn make() -> Self {
        let key = || rcgen::KeyPair::generate().expect("a key can be made");
        let mut authority = rcgen::CertificateParams::default();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let issuer = rcgen::CertifiedIssuer::self_signed(authority, key()).expect("it can sign");
        let sign = |names: Vec<String>, key: &rcgen::KeyPair| {
            let params = rcgen::CertificateParams::new(names).expect("the names are names");
            params.signed_by(key, &issuer).expect("it can be signed")
        };
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let (client_key, server_key) = (key(), key());
        let client = sign(vec!["thing-1".into()], &client_key);
        let server = sign(vec!["127.0.0.1".into()], &server_key);
        for (name, text) in [
            ("ca.pem", issuer.pem()),
            ("cert.pem", client.pem()),
            ("key.pem", client_key.serialize_pem()),
        ] {
            std::fs::write(directory.path().join(name), text).expect("it can be written");
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS has versions")
            .with_no_client_auth()
            .with_single_cert(
                vec![server.der().clone()],
                rustls::pki_types::PrivatePkcs8KeyDer::from(server_key.serialize_der()).into(),
            )
            .expect("certificate and key fit");
        Self {
            directory,
            server: Arc::new(server),
        }
    }

    /// Paths of the authority's certificate, and of the client's certificate and key.
    pub fn files(&self) -> [String; 3] {
        ["ca.pem", "cert.pem", "key.pem"].map(|name| {
            let path = self.directory.path().join(name);
            path.to_str().expect("the path is UTF-8").to_owned()
        })
    }

    /// A device that reaches `broker` over TLS.
    pub fn device(&self, broker: &Broker, flash: &tempfile::TempDir, settings: &[&str]) -> Device {
        let address = broker.address().to_string();
        let [ca, cert, key] = self.files();
        let arguments = [
            "--broker", &address, "--ca", &ca, "--cert", &cert, "--key", &key,
        ];
        Device::start_with(&arguments, flash.path(), "lock", settings)
    }

    /// The server's side of TLS on a connection; the handshake runs with the first read.
    pub fn accept(&self, stream: TcpStream) -> Session {
        let tls = rustls::ServerConnection::new(self.server.clone()).expect("the settings hold");
        Session::over(rustls::StreamOwned::new(tls, stream))
    }
}
