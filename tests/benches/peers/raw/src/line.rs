//! One HTTP connection to one address, opened when it is needed, signed if there is a key.
//!
//! Must not know: what is sent on it.

use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{HeaderMap, Method, Request, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What signs the requests of a connection.
pub struct Signer {
    pub credentials: Credentials,
    pub region: String,
    pub service: &'static str,
}

/// A connection, open or not.
pub struct Line {
    uri: Uri,
    tls: Option<TlsConnector>,
    signer: Option<Signer>,
    open: Option<SendRequest<Full<Bytes>>>,
}

/// An answer with a status of success.
pub struct Answer {
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn header(&self, name: &str) -> Result<String> {
        let value = self.headers.get(name);
        let value = value.with_context(|| format!("the answer lacks {name}"))?;
        Ok(value.to_str()?.to_owned())
    }
}

impl Line {
    pub fn new(url: &str, signer: Option<Signer>) -> Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("read address {url}"))?;
        let tls = (uri.scheme_str() == Some("https")).then(connector);
        Ok(Self {
            uri,
            tls: tls.transpose()?,
            signer,
            open: None,
        })
    }

    /// Opens the connection, unless it is open.
    pub async fn open(&mut self) -> Result<&mut SendRequest<Full<Bytes>>> {
        if self.open.as_ref().is_none_or(SendRequest::is_closed) {
            let host = self.uri.host().context("the address has no host")?;
            let tcp = TcpStream::connect((host, self.uri.port_u16().unwrap_or(443))).await?;
            tcp.set_nodelay(true)?;
            self.open = Some(match &self.tls {
                Some(tls) => {
                    let name = ServerName::try_from(host.to_owned())?;
                    shake(tls.connect(name, tcp).await?).await?
                }
                None => shake(tcp).await?,
            });
        }
        self.open.as_mut().context("open the connection")
    }

    /// Sends a request and reads the whole answer; any status but success is an error.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Answer> {
        let authority = self.uri.authority().context("the address has no host")?;
        let mut request = Request::builder().method(method).uri(path);
        request = request.header("host", authority.as_str());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Full::new(Bytes::from(body.clone())))?;
        if let Some(signer) = &self.signer {
            signer.sign(&mut request, authority.as_str(), path, &body)?;
        }
        let sender = self.open().await?;
        sender.ready().await?;
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        if !head.status.is_success() {
            bail!(
                "{path}: {}: {}",
                head.status,
                String::from_utf8_lossy(&body)
            );
        }
        Ok(Answer {
            headers: head.headers,
            body,
        })
    }
}

impl Signer {
    fn sign(
        &self,
        request: &mut Request<Full<Bytes>>,
        authority: &str,
        path: &str,
        body: &[u8],
    ) -> Result<()> {
        let identity = self.credentials.clone().into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let uri = format!("https://{authority}{path}");
        let headers = request.headers().iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap_or("")));
        let method = request.method().as_str();
        let signable = SignableRequest::new(method, uri, headers, SignableBody::Bytes(body))?;
        let (instructions, _) = sign(signable, &params)?.into_parts();
        instructions.apply_to_request_http1x(request);
        Ok(())
    }
}

async fn shake(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<SendRequest<Full<Bytes>>> {
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

fn connector() -> Result<TlsConnector> {
    let path = std::env::var("SSL_CERT_FILE").context("read SSL_CERT_FILE")?;
    let mut roots = rustls::RootCertStore::empty();
    for root in CertificateDer::pem_file_iter(&path).with_context(|| format!("read {path}"))? {
        roots.add(root?)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
