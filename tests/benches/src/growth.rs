//! Growth: what a press costs with more locks, and what `status` and `history` cost with more
//! events.
//!
//! Must not know: how the product stores what it reads.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use aws_sigv4_verify::{Request, authorization};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::account::read_cpu_ns;
use crate::cloud::{Cloud, Programs};
use crate::laptop::Buttons;
use crate::row::{Row, Run};
use crate::spread::Samples;

const SECTION: &str = "growth";
/// Items of one `BatchWriteItem`. Source: DynamoDB developer guide, "Service quotas".
const BATCH: usize = 25;
/// Locks that are pressed while records of others fill the table.
const PRESSED: u32 = 10;

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

/// Measures, and adds the rows to `run`.
pub async fn measure(run: &mut Run, programs: &Programs, plan: &Plan) -> Result<()> {
    for locks in plan.locks {
        let product = Cloud::start_product(programs, *locks).await?;
        let mut buttons = Buttons::connect(&product, *locks).await?;
        let cpu = press_cpu(&product, &mut buttons, plan).await?;
        let who = format!("{locks} locks");
        run.rows
            .push(Row::new(SECTION, &who, "lockctl CPU per press", "ms", &cpu));
        product.stop().await?;
    }
    let product = Cloud::start_product(programs, PRESSED).await?;
    let mut buttons = Buttons::connect(&product, PRESSED).await?;
    let mut filled = PRESSED;
    for records in plan.records {
        write(&product, filled..*records, record).await?;
        filled = *records;
        let cpu = press_cpu(&product, &mut buttons, plan).await?;
        let who = format!("{records} locks");
        run.rows
            .push(Row::new(SECTION, &who, "cloud CPU per press", "ms", &cpu));
    }
    product.stop().await?;
    measure_events(run, programs, plan).await
}

async fn measure_events(run: &mut Run, programs: &Programs, plan: &Plan) -> Result<()> {
    let product = Cloud::start_product(programs, 1).await?;
    let mut filled = 0;
    for events in plan.events {
        write(&product, filled..*events, event).await?;
        filled = *events;
        for (what, words) in [
            ("status", &["status"][..]),
            ("history", &["history", "lock-1"]),
        ] {
            let mut times = Samples::default();
            for _ in 0..plan.reads {
                times.add(time_command(programs, &product, words).await?);
            }
            let who = format!("{events} events");
            run.rows.push(Row::new(SECTION, &who, what, "ms", &times));
        }
    }
    product.stop().await
}

/// CPU of the product's process per press, in ms; a sample for each round but the first.
async fn press_cpu(product: &Cloud, buttons: &mut Buttons, plan: &Plan) -> Result<Samples> {
    let pid = product.pid()?;
    let mut samples = Samples::default();
    for round in 0..=plan.rounds {
        let before = read_cpu_ns(pid)?;
        for _ in 0..plan.presses {
            buttons.press().await?;
        }
        #[expect(clippy::cast_precision_loss, reason = "ns of one round fit")]
        let used = (read_cpu_ns(pid)? - before) as f64;
        if round > 0 {
            samples.add(used / 1e6 / f64::from(plan.presses));
        }
    }
    Ok(samples)
}

/// Wall time of an operator's command, in ms.
async fn time_command(programs: &Programs, product: &Cloud, words: &[&str]) -> Result<f64> {
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
    product: &Cloud,
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
        let answer = call(
            product,
            "BatchWriteItem",
            &json!({"RequestItems": {table: puts}}),
        )
        .await?;
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

/// Calls DynamoDB once, on a connection of its own.
async fn call(product: &Cloud, operation: &str, body: &Value) -> Result<Value> {
    let host = product.entry("dynamodb")?.trim_start_matches("http://");
    let host = host.trim_end_matches('/').to_owned();
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let now = jiff::Timestamp::from_second(i64::try_from(now_s)?)?;
    let body = body.to_string();
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("host", host.clone()),
        ("x-amz-date", now.strftime("%Y%m%dT%H%M%SZ").to_string()),
        ("x-amz-target", format!("DynamoDB_20120810.{operation}")),
        ("content-type", "application/x-amz-json-1.0".to_owned()),
    ] {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_str(&value)?,
        );
    }
    let request = Request {
        method: "POST",
        path: "/",
        query: "",
        headers: &headers,
        body: body.as_bytes(),
    };
    let id = product.entry("credentials.accessKeyId")?;
    let secret = product.entry("credentials.secretAccessKey")?;
    let region = product.entry("region")?;
    let signed = authorization(&request, (id, secret), (region, "dynamodb"));
    let mut text = format!("POST / HTTP/1.1\r\nauthorization: {signed}\r\nconnection: close\r\n");
    for (name, value) in &headers {
        text += &format!("{name}: {}\r\n", value.to_str()?);
    }
    text += &format!("content-length: {}\r\n\r\n{body}", body.len());
    let mut stream = TcpStream::connect(&host)
        .await
        .context("connect to DynamoDB")?;
    stream
        .write_all(text.as_bytes())
        .await
        .context("call DynamoDB")?;
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .await
        .context("read DynamoDB's answer")?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .context("DynamoDB answers in part")?;
    ensure!(head.starts_with("HTTP/1.1 200"), "{operation}: {answer}");
    serde_json::from_str(body).with_context(|| format!("{operation}: {body}"))
}
