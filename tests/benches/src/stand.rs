//! The stand: DynamoDB and the IoT data plane over TLS with canned answers, for one contender. It
//! checks every message, and counts connections, calls and bytes.
//!
//! Must not know: who the contender is. It answers by operation, in whatever order they come.

mod count;
mod message;
mod table;
mod traffic;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use rcgen::{CertificateParams, KeyPair, SanType};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncWriteExt as _, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

pub use count::Counts;
use message::Answer;
pub use message::{ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, SESSION_TOKEN, TABLE};
use table::Table;
use traffic::Counted;

use crate::http;

/// A running stand.
pub struct Stand {
    /// Address of DynamoDB.
    pub dynamodb: String,
    /// Address of the IoT data plane.
    pub iot: String,
    /// File with the certificate that clients must trust.
    pub ca: PathBuf,
    shared: Arc<Shared>,
    close: watch::Sender<u64>,
}

/// What the stand's connections share.
#[derive(Default)]
pub struct Shared {
    counts: Mutex<Counts>,
    table: Mutex<Table>,
    wrong: Mutex<Vec<String>>,
    /// When the last command arrived.
    published: Mutex<Option<Instant>>,
}

/// The service of a listener.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Service {
    DynamoDb,
    IotData,
}

impl Stand {
    /// Starts both services on loopback; the certificate goes into `directory`.
    pub async fn start(directory: &Path) -> Result<Self> {
        let (acceptor, certificate) = tls()?;
        let ca = directory.join("stand.pem");
        std::fs::write(&ca, certificate).context("write the stand's certificate")?;
        let shared = Arc::new(Shared::default());
        let (close, _) = watch::channel(0);
        let mut addresses = Vec::new();
        for service in [Service::DynamoDb, Service::IotData] {
            let listener = TcpListener::bind("127.0.0.1:0").await.context("listen")?;
            addresses.push(format!("https://{}", listener.local_addr()?));
            let (shared, acceptor) = (Arc::clone(&shared), acceptor.clone());
            tokio::spawn(accept(
                listener,
                acceptor,
                service,
                shared,
                close.subscribe(),
            ));
        }
        Ok(Self {
            iot: addresses.pop().context("two addresses")?,
            dynamodb: addresses.pop().context("two addresses")?,
            ca,
            shared,
            close,
        })
    }

    /// The counts since the last call, and starts at zero.
    pub fn take_counts(&self) -> Counts {
        let mut counts = lock(&self.shared.counts);
        let open = counts.open;
        let next = Counts {
            open,
            ..Counts::default()
        };
        std::mem::replace(&mut *counts, next)
    }

    /// Closes every idle connection, as services do after a while.
    pub fn close_connections(&self) {
        self.close.send_modify(|times| *times += 1);
    }

    /// When the last command arrived.
    pub fn last_published(&self) -> Result<Instant> {
        lock(&self.shared.published).context("no command was published")
    }

    /// Number of connections that are open.
    pub fn open_connections(&self) -> u64 {
        lock(&self.shared.counts).open
    }

    /// Fails if a message was wrong.
    pub fn check(&self) -> Result<()> {
        let wrong = lock(&self.shared.wrong);
        ensure!(wrong.is_empty(), "wrong messages: {}", wrong.join("; "));
        Ok(())
    }
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    service: Service,
    shared: Arc<Shared>,
    close: watch::Receiver<u64>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, shared, close) = (acceptor.clone(), Arc::clone(&shared), close.clone());
        tokio::spawn(async move {
            lock(&shared.counts).open_connection();
            if let Err(error) = talk(stream, acceptor, service, &shared, close).await {
                lock(&shared.wrong).push(format!("{error:#}"));
            }
            lock(&shared.counts).close_connection();
        });
    }
}

/// Answers the requests of one connection until either side closes it.
async fn talk(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    service: Service,
    shared: &Arc<Shared>,
    mut close: watch::Receiver<u64>,
) -> Result<()> {
    stream.set_nodelay(true)?;
    // A client that ends during the handshake has said nothing that could be wrong.
    let Ok(tls) = acceptor
        .accept(Counted::new(stream, Arc::clone(shared)))
        .await
    else {
        return Ok(());
    };
    let mut stream = BufStream::new(tls);
    close.mark_unchanged();
    loop {
        let request = tokio::select! {
            request = http::read_request(&mut stream) => request?,
            _ = close.changed() => {
                let _ = stream.shutdown().await;
                return Ok(());
            }
        };
        let Some(request) = request else {
            return Ok(());
        };
        let Answer { call, body } = shared.answer(service, &request)?;
        lock(&shared.counts).add_call(&call);
        let headers = [("content-type", "application/x-amz-json-1.0")];
        // A client that does not wait for the answer (an open connection is all that it wants) is
        // not at fault.
        if http::write_answer(&mut stream, 200, &headers, &body)
            .await
            .is_err()
        {
            return Ok(());
        }
    }
}

fn tls() -> Result<(TlsAcceptor, String)> {
    let mut params = CertificateParams::default();
    let address = std::net::Ipv4Addr::LOCALHOST.into();
    params.subject_alt_names = vec![SanType::IpAddress(address)];
    let key = KeyPair::generate().context("make the stand's key")?;
    let certificate = params
        .self_signed(&key)
        .context("make the stand's certificate")?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let private = PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)?;
    Ok((TlsAcceptor::from(Arc::new(config)), certificate.pem()))
}

/// Ignores poison: the stand's state is only counted and compared.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
