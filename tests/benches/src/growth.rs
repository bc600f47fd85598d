//! Growth: what a press costs with more locks, and what `status` and `history` cost with more
//! events.
//!
//! Must not know: how the product stores what it reads.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use running_cloud::RunningCloud;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::{MissedTickBehavior, interval};

use crate::account::read_cpu_ns;
use crate::cloud::{Programs, start_for_history, start_product};
use crate::laptop::Buttons;
use crate::row::{Row, Run};
use crate::spread::Samples;

const SECTION: &str = "growth";
/// Items of one `BatchWriteItem`. Source: DynamoDB developer guide, "Service quotas".
const BATCH: usize = 25;
/// Locks that are pressed while records of others fill the table.
const PRESSED: u32 = 10;
/// A product that uses less CPU than this between two looks has nothing to do: 10 %. A
/// hundred locks alone need some of it.
const IDLE_CPU_NS: u64 = 100_000_000;
const IDLE_LOOK: Duration = Duration::from_secs(1);
const IDLE_TIME_MAX: Duration = Duration::from_secs(900);

/// How much is measured.
pub struct Plan {
    locks: &'static [u32],
    records: &'static [u32],
    events: &'static [u32],
    rounds: u32,
    presses: u32,
    reads: u32,
}

impl Plan {
    /// A short plan, or the one that is published; `full` adds 10⁶ events.
    pub fn new(quick: bool, full: bool) -> Self {
        let events: &[u32] = match (quick, full) {
            (true, _) => &[100, 1_000],
            (false, false) => &[100, 1_000, 10_000, 100_000],
            (false, true) => &[100, 1_000, 10_000, 100_000, 1_000_000],
        };
        Self {
            locks: if quick { &[1, 10] } else { &[1, 10, 100] },
            records: if quick {
                &[10, 100]
            } else {
                &[10, 100, 1_000, 10_000]
            },
            events,
            rounds: if quick { 2 } else { 5 },
            presses: if quick { 10 } else { 100 },
            reads: if quick { 3 } else { 9 },
        }
    }
}

/// A running product under measurement.
struct Station {
    who: String,
    product: RunningCloud,
    buttons: Buttons,
    cpu: Samples,
}

impl Station {
    async fn start(programs: &Programs, locks: u32, who: String) -> Result<Self> {
        let product = start_product(programs, locks).await?;
        Ok(Self {
            buttons: Buttons::connect(&product, locks).await?,
            product,
            who,
            cpu: Samples::default(),
        })
    }

    /// A round of presses; adds the CPU of the product's process per press, in ms.
    async fn press(&mut self, presses: u32, is_kept: bool) -> Result<()> {
        let pid = self.product.pid()?;
        let before = read_cpu_ns(pid)?;
        for _ in 0..presses {
            self.buttons.press().await?;
        }
        #[expect(clippy::cast_precision_loss, reason = "ns of one round fit")]
        let used = (read_cpu_ns(pid)? - before) as f64;
        if is_kept {
            self.cpu.add(used / 1e6 / f64::from(presses));
        }
        Ok(())
    }
}

/// Measures, and adds the rows to `run`.
pub async fn measure(run: &mut Run, programs: &Programs, plan: &Plan) -> Result<()> {
    let mut stations = Vec::new();
    for locks in plan.locks {
        let who = format!("{locks} locks");
        stations.push(Station::start(programs, *locks, who).await?);
    }
    measure_presses(run, stations, "lockctl CPU per press", plan).await?;
    let mut stations = Vec::new();
    for records in plan.records {
        let who = format!("{records} locks");
        let station = Station::start(programs, PRESSED, who).await?;
        write(&station.product, PRESSED..*records, record).await?;
        stations.push(station);
    }
    measure_presses(run, stations, "cloud CPU per press", plan).await?;
    measure_events(run, programs, plan).await
}

/// Presses all stations in turn.
async fn measure_presses(
    run: &mut Run,
    mut stations: Vec<Station>,
    what: &str,
    plan: &Plan,
) -> Result<()> {
    for station in &stations {
        until_idle(&station.product).await?;
    }
    for round in 0..=plan.rounds {
        for station in &mut stations {
            // The first round warms up.
            station.press(plan.presses, round > 0).await?;
        }
    }
    for station in stations {
        let row = Row::new(SECTION, &station.who, what, "ms", &station.cpu);
        run.rows.push(row);
        station.product.stop().await?;
    }
    Ok(())
}

/// Reads all histories in turn.
async fn measure_events(run: &mut Run, programs: &Programs, plan: &Plan) -> Result<()> {
    let commands = [
        ("status", &["status"][..]),
        ("history", &["history", "lock-1"]),
    ];
    let mut products = Vec::new();
    for events in plan.events {
        let product = start_for_history(programs).await?;
        let began = Instant::now();
        write(&product, 0..*events, event).await?;
        until_idle(&product).await?;
        let took_s = began.elapsed().as_secs_f64();
        println!("growth: {events} events written and announced in {took_s:.0} s");
        let times = commands.map(|_| Samples::default());
        products.push((format!("{events} events"), product, times));
    }
    for _ in 0..plan.reads {
        for (_, product, times) in &mut products {
            for ((_, words), times) in commands.iter().zip(times) {
                times.add(time_command(programs, product, words).await?);
            }
        }
    }
    for (who, product, times) in products {
        for ((what, _), times) in commands.iter().zip(&times) {
            run.rows.push(Row::new(SECTION, &who, what, "ms", times));
        }
        product.stop().await?;
    }
    Ok(())
}

/// Waits until the product has nothing to do: its stream's readers see every item that was
/// written.
async fn until_idle(product: &RunningCloud) -> Result<()> {
    let pid = product.pid()?;
    let deadline = Instant::now() + IDLE_TIME_MAX;
    let mut looks = interval(IDLE_LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks.tick().await;
    loop {
        let before = read_cpu_ns(pid)?;
        looks.tick().await;
        if read_cpu_ns(pid)? - before < IDLE_CPU_NS {
            return Ok(());
        }
        ensure!(
            Instant::now() < deadline,
            "the product does not come to rest"
        );
    }
}

/// Wall time of an operator's command, in ms.
async fn time_command(programs: &Programs, product: &RunningCloud, words: &[&str]) -> Result<f64> {
    let began = Instant::now();
    let mut command = Command::new(&programs.lockctl);
    command
        .arg("--ready-file")
        .arg(product.ready_file())
        .args(words);
    let output = command.output().await.context("run lockctl")?;
    let time = began.elapsed().as_secs_f64() * 1e3;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "lockctl {}: {errors}",
        words.join(" ")
    );
    ensure!(
        !output.stdout.is_empty(),
        "lockctl {} prints nothing",
        words.join(" ")
    );
    Ok(time)
}

/// Writes items straight into the table.
async fn write(
    product: &RunningCloud,
    numbers: std::ops::Range<u32>,
    item: fn(u32) -> Value,
) -> Result<()> {
    let numbers: Vec<u32> = numbers.collect();
    for batch in numbers.chunks(BATCH) {
        let puts = batch
            .iter()
            .map(|number| json!({"PutRequest": {"Item": item(*number)}}));
        let puts: Vec<Value> = puts.collect();
        let table = product.entry("table")?;
        let body = json!({"RequestItems": {table: puts}});
        let answer = product.call("dynamodb", "DynamoDB_20120810.BatchWriteItem", &body);
        let answer = answer.await?;
        let unwritten = answer["UnprocessedItems"].as_object();
        ensure!(
            unwritten.is_none_or(serde_json::Map::is_empty),
            "items were not written"
        );
    }
    Ok(())
}

/// A settled record of a lock that no device answers for, due in the far future.
fn record(number: u32) -> Value {
    json!({"pk": {"S": format!("lock#other-{number}")}, "sk": {"S": "record"},
        "lock": {"S": format!("other-{number}")}, "version": {"N": "1795913548472"},
        "state": {"S": "locked"}, "status": {"S": "settled"}, "dueAt": {"N": "4102444800000"},
        "dueShard": {"S": (number % 8).to_string()}})
}

/// A line of a lock's history, as a press leaves it. A busy door's: one in seven seconds.
fn event(number: u32) -> Value {
    let at = (1_795_913_544_742 - 7_000 * u64::from(number)).to_string();
    let key = format!("4fa920b7-db32-44d2-8268-{number:012x}");
    json!({"pk": {"S": "lock#lock-1"}, "sk": {"S": format!("event#{at}#{key}")},
        "kind": {"S": "press"}, "key": {"S": key}, "at": {"N": at}, "button": {"S": "button-1"},
        "click": {"S": "LONG"}, "intent": {"S": "unlock"}, "decision": {"S": "command"},
        "reason": {"S": "pressed"}, "action": {"S": "unlock"}, "version": {"N": at},
        "commandId": {"S": "348E239Z8M9WZGSGH99SVRSEBJ"}, "sequence": {"N": number.to_string()},
        "principal": {"S": "ae72469b0ecbbcb7748070b7dbbcac63744242362bff04d95951ab8d787b9762"},
        "subject": {"M": {"lock": {"S": "lock-1"}}}, "ttl": {"N": "4102444800"}})
}
