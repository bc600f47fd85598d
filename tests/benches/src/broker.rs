//! The local cloud's broker next to mosquitto: the same clients send to their neighbours at a
//! steady pace, over mutual TLS.
//!
//! Must not know: rules and functions.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, SanType,
};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};

use crate::account::{read_cpu_ns, read_resident_kib};
use crate::client::Client;
use crate::cloud::{Programs, start_alone};
use crate::row::{Row, Run};
use crate::spread::Samples;

const SECTION: &str = "broker";
/// Deliveries per second, of all clients together.
const RATE: u32 = 2_000;
/// A payload as small as a device's usually is.
const PAYLOAD: [u8; 64] = [b'.'; 64];
/// Longest wait for a broker to accept, and for the last messages of a round.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// What the clients of a broker shall do: nothing, or send at this `QoS`.
type Order = Option<u8>;

/// A broker with its clients.
struct Side {
    name: &'static str,
    pid: u32,
    order: watch::Sender<Order>,
    sent: Arc<AtomicU64>,
    received: Arc<AtomicU64>,
    clients: JoinSet<Result<()>>,
    memory_kib: f64,
    cpu: [Samples; 2],
}

/// Measures, and adds the rows to `run`.
pub async fn measure(run: &mut Run, programs: &Programs, path: &Path, quick: bool) -> Result<()> {
    let (count, rounds, time) = if quick { (20, 2, 2) } else { (100, 5, 5) };
    let names: Vec<String> = (0..count)
        .map(|number| format!("device-{number}"))
        .collect();
    let cloud = start_alone(programs, &names).await?;
    let mosquitto = Mosquitto::start(path).await?;
    let files = |name: &str| cloud.files(name);
    let ours = Side::connect(
        "local cloud",
        cloud.pid()?,
        cloud.entry("mqtts")?,
        &names,
        files,
    );
    let mut sides = vec![ours.await?];
    let files = |_: &str| Ok(mosquitto.files.clone());
    let pid = mosquitto.child.id().context("mosquitto has ended")?;
    sides.push(Side::connect("mosquitto", pid, &mosquitto.address, &names, files).await?);
    for _ in 0..rounds {
        for qos in [0, 1] {
            for side in &mut sides {
                side.run(qos, Duration::from_secs(time)).await?;
            }
        }
    }
    for side in sides {
        let memory = "memory per connection";
        run.rows.push(Row::fixed(
            SECTION,
            side.name,
            memory,
            "KiB",
            side.memory_kib,
        ));
        for (qos, samples) in side.cpu.iter().enumerate() {
            let what = format!("CPU per delivery, QoS {qos}");
            run.rows
                .push(Row::new(SECTION, side.name, &what, "µs", samples));
        }
    }
    cloud.stop().await
}

impl Side {
    async fn connect(
        name: &'static str,
        pid: u32,
        address: &str,
        names: &[String],
        files: impl Fn(&str) -> Result<[PathBuf; 3]>,
    ) -> Result<Self> {
        let (order, orders) = watch::channel(None);
        let (sent, received) = (Arc::default(), Arc::default());
        let before = read_resident_kib(pid)?;
        let mut clients = JoinSet::new();
        let every = Duration::from_secs(1) * u32::try_from(names.len())? / RATE;
        for (place, id) in names.iter().enumerate() {
            let topic = format!("load/{id}");
            let client = Client::connect(id, address, &files(id)?, &topic).await;
            let client = client.with_context(|| format!("connect {id} to {name}"))?;
            let neighbour = format!("load/{}", names[(place + 1) % names.len()]);
            let (sent, received) = (Arc::clone(&sent), Arc::clone(&received));
            clients.spawn(send(
                client,
                neighbour,
                every,
                orders.clone(),
                sent,
                received,
            ));
        }
        #[expect(clippy::cast_precision_loss, reason = "KiB of a process fit")]
        let grown = read_resident_kib(pid)?.saturating_sub(before) as f64;
        Ok(Self {
            name,
            pid,
            order,
            sent,
            received,
            clients,
            memory_kib: grown / f64::from(u32::try_from(names.len())?),
            cpu: [Samples::default(), Samples::default()],
        })
    }

    /// Lets every client send for `time`, and counts the broker's CPU until all is delivered.
    async fn run(&mut self, qos: u8, time: Duration) -> Result<()> {
        let (sent, received) = (self.sent.load(Relaxed), self.received.load(Relaxed));
        let before = read_cpu_ns(self.pid)?;
        self.order.send_replace(Some(qos));
        let end = Instant::now() + time;
        let mut ticks = interval(Duration::from_millis(10));
        while Instant::now() < end {
            ticks.tick().await;
            self.check()?;
        }
        self.order.send_replace(None);
        let deadline = Instant::now() + WAIT_MAX;
        let deliveries = loop {
            let deliveries = self.received.load(Relaxed) - received;
            let messages = self.sent.load(Relaxed) - sent;
            if messages > 0 && deliveries == messages {
                break deliveries;
            }
            let late = format!("{}: {messages} sent, {deliveries} delivered", self.name);
            ensure!(Instant::now() < deadline, "{late}");
            ticks.tick().await;
            self.check()?;
        };
        #[expect(
            clippy::cast_precision_loss,
            reason = "ns and messages of one round fit"
        )]
        let each = (read_cpu_ns(self.pid)? - before) as f64 / 1e3 / deliveries as f64;
        self.cpu[usize::from(qos)].add(each);
        Ok(())
    }

    fn check(&mut self) -> Result<()> {
        match self.clients.try_join_next() {
            Some(ended) => ended.context("a client failed")?.context(self.name),
            None => Ok(()),
        }
    }
}

/// A client's life: sends while it is ordered to, and counts what it gets.
async fn send(
    mut client: Client,
    neighbour: String,
    every: Duration,
    orders: watch::Receiver<Order>,
    sent: Arc<AtomicU64>,
    received: Arc<AtomicU64>,
) -> Result<()> {
    let mut pace = interval(every);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            message = client.is_next_a_message() => {
                received.fetch_add(u64::from(message?), Relaxed);
            }
            _ = pace.tick() => {
                let order = *orders.borrow();
                if let Some(qos) = order {
                    client.send(&neighbour, &PAYLOAD, qos)?;
                    sent.fetch_add(1, Relaxed);
                }
            }
        }
    }
}

/// A running mosquitto, which ends when this handle is dropped.
struct Mosquitto {
    child: Child,
    address: String,
    files: [PathBuf; 3],
    _directory: TempDir,
}

impl Mosquitto {
    async fn start(path: &Path) -> Result<Self> {
        let directory = tempfile::tempdir().context("create a directory for mosquitto")?;
        let place = |name: &str| directory.path().join(name);
        make_certificates(directory.path())?;
        // mosquitto takes no port 0.
        let free = std::net::TcpListener::bind("127.0.0.1:0").context("find a free port")?;
        let address = free.local_addr()?.to_string();
        drop(free);
        let port = address.rsplit(':').next().unwrap_or_default();
        let at = |name: &str| place(name).display().to_string();
        let text = format!(
            "listener {port} 127.0.0.1\ncafile {}\ncertfile {}\nkeyfile {}\n\
             require_certificate true\nallow_anonymous true\npersistence false\n\
             set_tcp_nodelay true\nuser root\nlog_dest none\nmax_inflight_messages 100\n",
            at("ca.pem"),
            at("server.pem"),
            at("server.key"),
        );
        std::fs::write(place("mosquitto.conf"), text).context("write mosquitto's configuration")?;
        let mut command = Command::new(path);
        // A mosquitto that was unpacked, not installed, brings its libraries along.
        if let Some(libraries) = path.ancestors().nth(2).map(|root| root.join("lib")) {
            let triple = format!("{}-linux-gnu", std::env::consts::ARCH);
            command.env("LD_LIBRARY_PATH", libraries.join(triple));
        }
        let child = command
            .arg("-c")
            .arg(place("mosquitto.conf"))
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", path.display()))?;
        let deadline = Instant::now() + WAIT_MAX;
        let mut ticks = interval(Duration::from_millis(20));
        while tokio::net::TcpStream::connect(&address).await.is_err() {
            ensure!(Instant::now() < deadline, "mosquitto does not listen");
            ticks.tick().await;
        }
        Ok(Self {
            child,
            address,
            files: ["ca.pem", "client.pem", "client.key"].map(place),
            _directory: directory,
        })
    }
}

/// A CA, and a certificate of it for the broker and one for all clients.
fn make_certificates(directory: &Path) -> Result<()> {
    let write = |name: &str, text: String| {
        std::fs::write(directory.join(name), text).with_context(|| format!("write {name}"))
    };
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "ca");
    let key = KeyPair::generate()?;
    let ca = params.self_signed(&key)?;
    write("ca.pem", ca.pem())?;
    let issuer = Issuer::new(params, key);
    for name in ["server", "client"] {
        let mut params = CertificateParams::default();
        let address = std::net::Ipv4Addr::LOCALHOST.into();
        params.subject_alt_names = vec![SanType::IpAddress(address)];
        // With equal names OpenSSL takes the certificate for its own issuer.
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &issuer)?;
        write(&format!("{name}.pem"), certificate.pem())?;
        write(&format!("{name}.key"), key.serialize_pem())?;
    }
    Ok(())
}
