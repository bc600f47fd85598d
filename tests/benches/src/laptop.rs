//! The laptop: from a press to the command at a client that listens to the lock's topic; next to
//! it the same with a press function by hand, a function that only publishes, and a rule without a
//! function. One press at a time.
//!
//! Must not know: how the product decides.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use running_cloud::RunningCloud;
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::account::read_cpu_ns;
use crate::client::Client;
use crate::cloud::{Programs, start_alone, start_by_hand, start_product};
use crate::row::{Row, Run};
use crate::spread::Samples;

const SECTION: &str = "laptop";
/// Locks of the product, pressed in turn.
const LOCKS: u32 = 10;
/// Time between two presses. AWS IoT drops what one connection publishes beyond 100 messages a
/// second, and so does the local cloud.
const PRESS_EVERY: Duration = Duration::from_millis(12);
/// Longest wait until the locks have answered their last commands.
const SETTLE_TIME_MAX: Duration = Duration::from_secs(30);
const SETTLE_LOOK: Duration = Duration::from_millis(50);

/// What is read of a message: the version of a command that answers a press with this sequence, at
/// a lock whose last command had that version. `None` if it is another message.
type Read = fn(message: &Value, last: u64, sequence: u64) -> Option<u64>;

/// Who is pressed.
enum Way {
    Buttons(Buttons),
    /// The function that only publishes, or the rule alone, in the cloud without the product: the
    /// topic, and what answers.
    Alone(&'static str, Read),
}

/// One of those that are compared.
struct Side {
    name: &'static str,
    way: Way,
    pid: u32,
    p50: Samples,
    cpu: Samples,
}

/// Measures, and adds the rows to `run`.
pub async fn measure(run: &mut Run, programs: &Programs, quick: bool) -> Result<()> {
    let (rounds, presses): (u32, u32) = if quick { (2, 20) } else { (7, 100) };
    let product = start_product(programs, LOCKS).await?;
    let by_hand = start_by_hand(programs, LOCKS).await?;
    let alone = start_alone(programs, &["button-1".to_owned()]).await?;
    let mut sides = Vec::new();
    for (name, cloud) in [("press", &product), ("by hand", &by_hand)] {
        let way = Way::Buttons(Buttons::connect(cloud, LOCKS).await?);
        sides.push(Side::new(name, way, cloud)?);
    }
    let no_op = Way::Alone("noop/button-1", read_command);
    sides.push(Side::new("no-op", no_op, &alone)?);
    let bare = Way::Alone("bare/button-1", read_press);
    sides.push(Side::new("bare", bare, &alone)?);
    // One client for both: each would get the other's commands.
    let mut client = Buttons::connect(&alone, 1).await?;
    for round in 0..=rounds {
        for side in &mut sides {
            // The first round warms up.
            let pressed = side.press(&mut client, presses, round > 0).await;
            pressed.with_context(|| format!("{}, round {round}", side.name))?;
        }
    }
    for (side, cloud) in sides.iter().zip([&product, &by_hand]) {
        if let Way::Buttons(buttons) = &side.way {
            let settled = buttons.check_settled(cloud).await;
            settled.context(side.name)?;
        }
    }
    for Side { name, p50, cpu, .. } in &sides {
        let rows = [("p50", p50), ("cloud CPU per press", cpu)];
        run.rows
            .extend(rows.map(|(what, samples)| Row::new(SECTION, name, what, "ms", samples)));
    }
    product.stop().await?;
    by_hand.stop().await?;
    alone.stop().await
}

impl Side {
    fn new(name: &'static str, way: Way, cloud: &RunningCloud) -> Result<Self> {
        Ok(Self {
            name,
            way,
            pid: cloud.pid()?,
            p50: Samples::default(),
            cpu: Samples::default(),
        })
    }

    /// A round of presses; `client` is the one of the cloud without the product.
    async fn press(&mut self, client: &mut Buttons, presses: u32, is_kept: bool) -> Result<()> {
        let before = read_cpu_ns(self.pid)?;
        let mut times = Samples::default();
        let mut pace = interval(PRESS_EVERY);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for number in 0..presses {
            pace.tick().await;
            let time = match &mut self.way {
                Way::Buttons(buttons) => buttons.press().await,
                Way::Alone(topic, read) => client.press_on(0, topic, *read).await,
            };
            let time = time.with_context(|| format!("press {number}"))?;
            times.add(time.as_secs_f64() * 1e3);
        }
        if is_kept {
            self.p50.add(times.median());
            #[expect(clippy::cast_precision_loss, reason = "ns of one round fit")]
            let used = (read_cpu_ns(self.pid)? - before) as f64;
            self.cpu.add(used / 1e6 / f64::from(presses));
        }
        Ok(())
    }
}

/// The buttons of a running product, each with its own connection, pressed in turn.
pub struct Buttons {
    clients: Vec<Client>,
    /// Version of the last command to each button's lock.
    versions: Vec<u64>,
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
            versions: vec![0; clients.len()],
            clients,
            next: 0,
            sequence: SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
        })
    }

    /// Presses the next button and waits for its command: an unlock, newer than the lock's last.
    pub async fn press(&mut self) -> Result<Duration> {
        let place = self.next % self.clients.len();
        self.next += 1;
        let topic = format!("iotbutton/button-{}", place + 1);
        self.press_on(place, &topic, read_command).await
    }

    async fn press_on(&mut self, place: usize, topic: &str, read: Read) -> Result<Duration> {
        self.sequence += 1;
        let number = place + 1;
        let press = payload(number, self.sequence);
        let (last, sequence) = (self.versions[place], self.sequence);
        let read = |message: &[u8]| read(&serde_json::from_slice(message).ok()?, last, sequence);
        let answer = format!("remote-lock/lock-{number}");
        let asked = self.clients[place].ask(topic, press, &answer, read).await;
        let (time, version) = asked?;
        self.versions[place] = version;
        Ok(time)
    }

    /// Fails unless each record in the table is the last command's, with the lock's answer to it.
    async fn check_settled(&self, product: &RunningCloud) -> Result<()> {
        let deadline = Instant::now() + SETTLE_TIME_MAX;
        let mut looks = interval(SETTLE_LOOK);
        for (place, version) in self.versions.iter().enumerate() {
            let lock = format!("lock#lock-{}", place + 1);
            let body = json!({"TableName": product.entry("table")?, "ConsistentRead": true,
                "Key": {"pk": {"S": lock}, "sk": {"S": "record"}}});
            loop {
                looks.tick().await;
                let read = product.call("dynamodb", "DynamoDB_20120810.GetItem", &body);
                let answer = read.await?;
                let record = &answer["Item"];
                if is_unlocked(record, *version) {
                    break;
                }
                ensure!(
                    Instant::now() < deadline,
                    "the last command to {lock}, v{version}, is not in its record or not \
                     answered: {record}"
                );
            }
        }
        Ok(())
    }
}

/// A press that asks for an unlock, whatever the state: each becomes a command.
fn payload(button: usize, sequence: u64) -> String {
    let press = json!({"serialNumber": format!("button-{button}"), "clickType": "LONG",
        "batteryVoltage": "3300mV", "sequence": sequence});
    press.to_string()
}

/// An unlock that is newer than the last command.
fn read_command(message: &Value, last: u64, _sequence: u64) -> Option<u64> {
    let version = message["version"].as_u64()?;
    (message["action"] == "unlock" && version > last).then_some(version)
}

/// The press itself, as a rule without a function passes it on: no command.
fn read_press(message: &Value, last: u64, sequence: u64) -> Option<u64> {
    (message["sequence"] == sequence).then_some(last)
}

/// Whether a record is that of an executed unlock of this version.
fn is_unlocked(record: &Value, version: u64) -> bool {
    let wanted = [
        ("version", json!({"N": version.to_string()})),
        ("status", json!({"S": "settled"})),
        ("state", json!({"S": "unlocked"})),
    ];
    wanted.iter().all(|(name, value)| record[*name] == *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_new_unlock_answers_a_press_and_without_a_function_only_the_press_itself() {
        let press = |sequence| serde_json::from_str(&payload(1, sequence)).unwrap();
        let cases = [
            (json!({"action": "unlock", "version": 8}), Some(8), None),
            (json!({"action": "unlock", "version": 7}), None, None),
            (json!({"action": "lock", "version": 8}), None, None),
            (press(5), None, Some(7)),
            (press(4), None, None),
        ];
        for (message, command, itself) in cases {
            let found = (read_command(&message, 7, 5), read_press(&message, 7, 5));
            assert_eq!(found, (command, itself), "{message}");
        }
    }

    #[test]
    fn a_record_has_taken_a_command_once_its_lock_has_answered() {
        let version = json!({"N": "8"});
        let record = |status: &str, state: &str| {
            let (status, state) = (json!({"S": status}), json!({"S": state}));
            json!({"version": version, "status": status, "state": state})
        };
        let cases = [
            (record("settled", "unlocked"), 8, true),
            (record("settled", "unlocked"), 9, false),
            (record("pending", "unlocked"), 8, false),
            (record("settled", "locked"), 8, false),
            (Value::Null, 8, false),
        ];
        for (record, version, wanted) in cases {
            assert_eq!(is_unlocked(&record, version), wanted, "{record}");
        }
    }
}
