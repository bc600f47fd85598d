//! The laptop: from a press to the command at a client that listens to the lock's topic; next to
//! it a function that only publishes, and a rule without a function. One press at a time.
//!
//! Must not know: how the product decides.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use running_cloud::RunningCloud;
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};

use crate::account::read_cpu_ns;
use crate::client::Client;
use crate::cloud::{Programs, start_alone, start_product};
use crate::row::{Row, Run};
use crate::spread::Samples;

const SECTION: &str = "laptop";
/// Locks of the product, pressed in turn.
const LOCKS: u32 = 10;
/// Time between two presses. AWS IoT drops what one connection publishes beyond 100 messages a
/// second, and so does the local cloud.
const PRESS_EVERY: Duration = Duration::from_millis(12);

/// Measures, and adds the rows to `run`.
pub async fn measure(run: &mut Run, programs: &Programs, quick: bool) -> Result<()> {
    let (rounds, presses): (u32, u32) = if quick { (2, 20) } else { (7, 100) };
    let product = start_product(programs, LOCKS).await?;
    let alone = start_alone(programs, &["button-1".to_owned()]).await?;
    let mut buttons = Buttons::connect(&product, LOCKS).await?;
    let address = alone.entry("mqtts")?;
    let files = alone.files("button-1")?;
    let mut client = Client::connect("button-1", address, &files, "remote-lock/lock-1").await?;
    let names = ["press", "no-op", "bare"];
    let mut p50 = [(); 3].map(|()| Samples::default());
    let mut cpu = [(); 3].map(|()| Samples::default());
    for round in 0..=rounds {
        for (place, name) in names.iter().enumerate() {
            let pid = if place == 0 {
                product.pid()?
            } else {
                alone.pid()?
            };
            let before = read_cpu_ns(pid)?;
            let mut times = Samples::default();
            let mut pace = interval(PRESS_EVERY);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            for number in 0..presses {
                pace.tick().await;
                let time = if place == 0 {
                    buttons.press().await
                } else {
                    let topic = format!("{}/button-1", name.replace('-', ""));
                    client
                        .ask(&topic, payload(u64::from(number)), "remote-lock/lock-1")
                        .await
                };
                times.add(
                    time.with_context(|| format!("{name} {number}"))?
                        .as_secs_f64()
                        * 1e3,
                );
            }
            // The first round warms up.
            if round > 0 {
                p50[place].add(times.median());
                #[expect(clippy::cast_precision_loss, reason = "ns of one round fit")]
                let used = (read_cpu_ns(pid)? - before) as f64;
                cpu[place].add(used / 1e6 / f64::from(presses));
            }
        }
    }
    for (place, name) in names.iter().enumerate() {
        run.rows
            .push(Row::new(SECTION, name, "p50", "ms", &p50[place]));
        run.rows.push(Row::new(
            SECTION,
            name,
            "cloud CPU per press",
            "ms",
            &cpu[place],
        ));
    }
    product.stop().await?;
    alone.stop().await
}

/// The buttons of a running product, each with its own connection, pressed in turn.
pub struct Buttons {
    clients: Vec<Client>,
    next: usize,
    sequence: u64,
}

impl Buttons {
    /// Connects as each button and listens to its lock.
    pub async fn connect(product: &RunningCloud, count: u32) -> Result<Self> {
        let mut clients = Vec::new();
        for number in 1..=count {
            let (id, topic) = (
                format!("button-{number}"),
                format!("remote-lock/lock-{number}"),
            );
            let files = product.files(&id)?;
            clients.push(Client::connect(&id, product.entry("mqtts")?, &files, &topic).await?);
        }
        Ok(Self {
            clients,
            next: 0,
            sequence: SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
        })
    }

    /// Presses the next button and waits for the command.
    pub async fn press(&mut self) -> Result<Duration> {
        let place = self.next % self.clients.len();
        self.next += 1;
        self.sequence += 1;
        let number = place + 1;
        let topic = format!("iotbutton/button-{number}");
        let answer = format!("remote-lock/lock-{number}");
        let payload = payload(self.sequence).replace("button-1", &format!("button-{number}"));
        self.clients[place].ask(&topic, payload, &answer).await
    }
}

/// A press that asks for an unlock, whatever the state: each becomes a command.
fn payload(sequence: u64) -> String {
    let press = json!({"serialNumber": "button-1", "clickType": "LONG",
        "batteryVoltage": "3300mV", "sequence": sequence});
    press.to_string()
}
