//! Functions: ours next to the floor, Python and Node, cold, warm and after a pause, round robin.
//!
//! Must not know: what a contender is written in.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Child;
use tokio::time::interval;

use crate::account::{read_cpu_ns, read_resident_kib};
use crate::contender::{Contender, Paths, contenders};
use crate::row::{Row, Run};
use crate::runtime::Runtime;
use crate::spread::Samples;
use crate::stand::{Counts, Stand};

const SECTION: &str = "functions";
/// Presses before a measured round, for a just-in-time compiler.
const WARM_UP: u32 = 50;
/// Longest wait for closed connections to be seen as closed.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(10);

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Cold starts of each contender.
    pub cold: u32,
    /// Rounds of warm presses of each contender, and presses of a round.
    pub rounds: u32,
    pub presses: u32,
    /// Presses after a pause in each round.
    pub pauses: u32,
}

impl Plan {
    /// A short plan, or the one that is published.
    pub fn new(quick: bool) -> Self {
        let (cold, rounds, presses, pauses) = if quick {
            (3, 2, 100, 3)
        } else {
            (21, 7, 1_000, 5)
        };
        Self {
            cold,
            rounds,
            presses,
            pauses,
        }
    }
}

/// A contender with its own stand and Runtime API.
struct Lane {
    contender: Contender,
    stand: Stand,
    runtime: Runtime,
    directory: TempDir,
    sequence: u64,
    figures: Vec<(&'static str, &'static str, Samples)>,
}

/// Measures, and adds the rows to `run`.
pub async fn measure(run: &mut Run, paths: &Paths, plan: Plan) -> Result<()> {
    let mut lanes = Vec::new();
    for contender in contenders(paths)? {
        lanes.push(Lane::new(contender).await?);
    }
    let calls = lanes[0].count_calls().await?;
    println!("functions: a warm press of ours makes {calls} calls");
    run.calls = Some(calls);
    for lane in &mut lanes[1..] {
        // The first press of all leaves its note in the binding, which later processes read.
        let pressed = lane.cold(false).await;
        pressed.with_context(|| lane.context("first press", 0))?;
    }
    for round in 0..plan.cold {
        for lane in &mut lanes {
            lane.cold(true)
                .await
                .with_context(|| lane.context("cold", round))?;
        }
    }
    for round in 0..plan.rounds {
        for lane in &mut lanes {
            lane.warm(plan)
                .await
                .with_context(|| lane.context("warm", round))?;
        }
    }
    for lane in lanes {
        lane.stand.check()?;
        let name = lane.contender.name;
        #[expect(clippy::cast_precision_loss, reason = "a size in bytes fits")]
        let size = lane.contender.deployed_bytes as f64 / 1e6;
        run.rows.push(Row::fixed(SECTION, name, "size", "MB", size));
        let rows = lane.figures.iter();
        run.rows
            .extend(rows.map(|(what, unit, samples)| Row::new(SECTION, name, what, unit, samples)));
    }
    Ok(())
}

impl Lane {
    async fn new(contender: Contender) -> Result<Self> {
        let directory = tempfile::tempdir().context("create a directory for a stand")?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        Ok(Self {
            stand: Stand::start(directory.path()).await?,
            runtime: Runtime::start().await?,
            contender,
            directory,
            sequence: now.as_secs(),
            figures: Vec::new(),
        })
    }

    fn context(&self, what: &str, round: u32) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let tail = log.lines().rev().take(5).collect::<Vec<_>>().join("\n");
        let wrong = self.stand.check().err();
        let wrong = wrong.map_or(String::new(), |wrong| format!("{wrong}; "));
        format!(
            "{} {what} {round}; {wrong}its log ends with:\n{tail}\n",
            self.contender.name
        )
    }

    fn log(&self) -> PathBuf {
        self.directory.path().join("log")
    }

    fn start(&self) -> Result<(Child, u32)> {
        let runtime = &self.runtime.address;
        let child = self.contender.start(&self.stand, runtime, &self.log())?;
        let pid = child.id().context("the function ended at once")?;
        Ok((child, pid))
    }

    async fn end(&mut self, mut child: Child) -> Result<()> {
        child.kill().await.context("end the function")?;
        self.runtime.forget();
        self.until_closed().await?;
        self.stand.check()
    }

    /// Calls of a warm press.
    async fn count_calls(&mut self) -> Result<u64> {
        let (child, _) = self.start()?;
        for _ in 0..3 {
            self.stand.take_counts();
            self.press()
                .await
                .with_context(|| self.context("first presses", 0))?;
        }
        let calls = self.stand.take_counts().trips();
        self.end(child).await?;
        Ok(calls)
    }

    /// A process from its start to its first answer.
    async fn cold(&mut self, is_kept: bool) -> Result<()> {
        self.stand.take_counts();
        let spawned = Instant::now();
        let (child, pid) = self.start()?;
        let event = self.next_event()?;
        let taken = self.runtime.invoke(event).await?;
        let (cpu_ns, rss_kib) = (read_cpu_ns(pid)?, read_resident_kib(pid)?);
        let counts = self.stand.take_counts();
        self.end(child).await?;
        if is_kept {
            self.add("init", "ms", millis(taken.asked - spawned));
            self.add("first event", "ms", millis(taken.time));
            self.add("cold", "ms", millis(taken.answered - spawned));
            let published = self.stand.last_published()?;
            self.add("cold to command", "ms", millis(published - spawned));
            self.add("cold CPU", "ms", float(cpu_ns) / 1e6);
            self.add("RSS cold", "MB", float(rss_kib) / 1024.0);
            self.add_counts("cold", &counts, 1);
        }
        Ok(())
    }

    /// A round of warm presses in one process, then some after a pause.
    async fn warm(&mut self, plan: Plan) -> Result<()> {
        let (child, pid) = self.start()?;
        for _ in 0..WARM_UP {
            self.press().await?;
        }
        self.stand.take_counts();
        let before = read_cpu_ns(pid)?;
        let mut times = Samples::default();
        for _ in 0..plan.presses {
            times.add(millis(self.press().await?));
        }
        let cpu_us = float(read_cpu_ns(pid)? - before) / 1e3 / f64::from(plan.presses);
        let counts = self.stand.take_counts();
        self.add("warm p50", "ms", times.median());
        self.add("warm p99", "ms", times.quantile(0.99));
        self.add("CPU per press", "µs", cpu_us);
        self.add("RSS warm", "MB", float(read_resident_kib(pid)?) / 1024.0);
        self.add_counts("warm", &counts, plan.presses);
        for _ in 0..plan.pauses {
            self.stand.close_connections();
            self.until_closed().await?;
            self.stand.take_counts();
            let time = self.press().await?;
            self.add("after a pause", "ms", millis(time));
            let counts = self.stand.take_counts();
            self.add_counts("after a pause", &counts, 1);
        }
        self.end(child).await
    }

    async fn press(&mut self) -> Result<Duration> {
        let event = self.next_event()?;
        Ok(self.runtime.invoke(event).await?.time)
    }

    /// The event of the press rule, with a new press id and the next sequence.
    fn next_event(&mut self) -> Result<String> {
        self.sequence += 1;
        let payload = json!({"serialNumber": "button-1", "clickType": "SINGLE",
            "batteryVoltage": "3300mV", "sequence": self.sequence});
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        let event = json!({
            "button": "button-1",
            "payload": STANDARD.encode(payload.to_string()),
            "pressId": format!("c2bf9518-5dd1-4940-9e01-{:012x}", self.sequence),
            "principal": "AIDALOCALOPERATOR00",
            "receivedAt": u64::try_from(now_ms)?,
        });
        Ok(event.to_string())
    }

    /// Waits until no connection is open.
    async fn until_closed(&self) -> Result<()> {
        let deadline = Instant::now() + CLOSE_TIME_MAX;
        let mut ticks = interval(Duration::from_millis(1));
        while self.stand.open_connections() > 0 {
            ensure!(Instant::now() < deadline, "connections stay open");
            ticks.tick().await;
        }
        Ok(())
    }

    fn add_counts(&mut self, when: &'static str, counts: &Counts, presses: u32) {
        let each = |count: u64| float(count) / f64::from(presses);
        let (trips, connections, bytes) = match when {
            "cold" => ("trips cold", "connections cold", "bytes out cold"),
            "warm" => ("trips warm", "connections warm", "bytes out warm"),
            _ => (
                "trips after a pause",
                "connections after a pause",
                "bytes out after a pause",
            ),
        };
        self.add(trips, "", each(counts.trips()));
        self.add(connections, "", each(counts.connections));
        self.add(bytes, "B", each(counts.bytes_in));
    }

    fn add(&mut self, what: &'static str, unit: &'static str, value: f64) {
        let found = self.figures.iter_mut().find(|(name, _, _)| *name == what);
        if let Some((_, _, samples)) = found {
            samples.add(value);
            return;
        }
        let mut samples = Samples::default();
        samples.add(value);
        self.figures.push((what, unit, samples));
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[expect(clippy::cast_precision_loss, reason = "counts of one run fit")]
fn float(count: u64) -> f64 {
    count as f64
}
