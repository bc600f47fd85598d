//! `load`: many locks and buttons on a local cloud with the real functions, at a steady rate and
//! with faults. Says which presses were lost or doubled, how long the others took, and whether the
//! memory stays flat.
//!
//! The locks are the firmware's C core, each on its own TLS connection. The cloud runs in another
//! process, so that only its own memory is measured.

mod bound;
mod button;
mod cloud;
mod cpu;
mod crowd;
mod door;
mod drain;
mod fault;
mod judge;
mod latency;
mod memory;
mod phase;
mod picture;
mod report;
mod search;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use running_cloud::RunningCloud;
use tokio::time::Instant;

use crowd::{Crowd, Watched};
use door::Doors;
use drain::Drained;
use fault::Faults;
use judge::{Anchor, Press};
use phase::{Pace, Pressed, Quiet};
use report::Report;
use search::{Search, Step};

/// Files that each process needs, in addition to one per connection.
const OTHER_FILES: u64 = 100;

/// Presses many buttons of many locks on a local cloud, and judges every press.
#[derive(Parser)]
pub struct Options {
    /// Directory of `local-cloud` and the functions' programs.
    #[arg(long, value_name = "DIR")]
    programs: PathBuf,
    /// Template that the cloud runs.
    #[arg(long, value_name = "FILE")]
    template: PathBuf,
    /// Number of locks.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    locks: u64,
    /// Number of buttons, bound to the locks in turn.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    buttons: u64,
    /// Presses per second, of all buttons together.
    #[arg(long, default_value_t = 200.0)]
    rate: f64,
    /// Minutes of presses.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Minutes before them in which all connections are held and nobody presses; 0 is none.
    #[arg(long, default_value_t = 3.0)]
    quiet: f64,
    /// Faults, with commas: `usual`, `power@N` or `network@N` (cuts of a lock per minute), or
    /// faults of the local cloud.
    #[arg(long, default_value = "")]
    faults: String,
    /// Seed of the cloud's faults.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Factor on the cloud's own waits, so that retries and sweeps come within the run.
    #[arg(long, default_value_t = 0.1)]
    time_scale: f64,
    /// Directory for the cloud's data. On a disk, its commits are the ceiling, not the system.
    #[arg(long, value_name = "DIR", default_value = "/dev/shm")]
    data_in: PathBuf,
    /// Auto-relock of each lock, in seconds; 0 is off.
    #[arg(long, default_value_t = 20)]
    relock_s: u32,
    /// Find the highest rate that holds instead: steps of `--minutes` from `--rate` on.
    #[arg(long)]
    find_rate: bool,
    /// File for the figures, as JSON; table and picture are written next to it.
    #[arg(long, value_name = "FILE")]
    result: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("load: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the load. Returns whether every bound holds.
async fn run(options: &Options) -> Result<bool> {
    ensure!(
        options.minutes > 0.0 && options.minutes <= 24.0 * 60.0,
        "--minutes must be above 0 and at most 1440"
    );
    ensure!(options.rate > 0.0, "--rate must be above 0");
    let connections = options.locks + options.buttons;
    check_file_limit(connections)?;
    let faults = Faults::parse(&options.faults)?;
    println!("load: starting a cloud with {connections} things");
    let mut stage = Stage::build(options, faults).await?;
    let quiet = phase::hold(&mut stage.cloud, &mut stage.crowd, options).await?;
    if options.find_rate {
        return find_rate(stage, &quiet, options).await;
    }
    let pace = Pace {
        rate: options.rate,
        minutes: options.minutes,
        first: 0,
    };
    let pressed = stage.press(&quiet, pace).await?;
    let drained = stage.drain(&pressed.presses, options).await?;
    let after = phase::sample(&mut stage.cloud, quiet.began, "nothing is under way")?;
    let report = Report {
        options: report::describe(options),
        faults: stage.faults.list(),
        machine: memory::describe_machine(),
        before_kb: stage.before_kb,
        after_kb: after.rss_kb,
        connections,
        acknowledged: stage.crowd.tally.acknowledged.load(Relaxed),
        ..figures(quiet, pressed, drained)
    };
    stage.stop().await?;
    finish(&report, &options.result)
}

/// Cloud and devices of a run.
struct Stage {
    cloud: RunningCloud,
    crowd: Crowd,
    doors: Doors,
    faults: Faults,
    anchor: Anchor,
    before_kb: u64,
}

impl Stage {
    /// Starts the cloud, registers, binds and connects all devices, and lets the locks settle.
    async fn build(options: &Options, faults: Faults) -> Result<Self> {
        let mut cloud = cloud::start(options, &faults.cloud).await?;
        let access = cloud::access(&cloud)?;
        let remote = lock_aws::Cloud::new(&access, cloud.entry("outputs.TableName")?);
        let doors = Doors::register(remote, options).await?;
        let before_kb = memory::read_resident_kb(cloud.pid()?)?;
        println!("load: registered; {before_kb} kB without connections");
        let mut crowd = Crowd::connect(&cloud, options).await?;
        phase::settle(&mut cloud, &mut crowd, &doors).await?;
        println!("load: all devices connected, every lock settled");
        let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let anchor = Anchor {
            at: Instant::now(),
            unix_ms: u64::try_from(since.as_millis())?,
        };
        Ok(Self {
            cloud,
            crowd,
            doors,
            faults,
            anchor,
            before_kb,
        })
    }

    async fn press(&mut self, quiet: &Quiet, pace: Pace) -> Result<Pressed> {
        let wanted = (pace, &self.faults);
        phase::press(&mut self.cloud, &mut self.crowd, &self.doors, quiet, wanted).await
    }

    async fn drain(&mut self, presses: &[Press], options: &Options) -> Result<Drained> {
        let (made, run) = ((presses, self.anchor), (options, &self.faults));
        drain::drain(&mut self.cloud, &mut self.crowd, &self.doors, made, run).await
    }

    async fn stop(self) -> Result<()> {
        self.crowd.stop().await;
        self.cloud.stop().await
    }
}

/// Searches the highest rate that holds, on one running cloud.
async fn find_rate(mut stage: Stage, quiet: &Quiet, options: &Options) -> Result<bool> {
    let mut search = Search::default();
    let mut presses: Vec<Press> = Vec::new();
    let (mut lost, mut late) = (0, 0);
    while let Some(rate) = search.next_rate(options.rate) {
        let first = presses.len();
        let pace = Pace {
            rate,
            minutes: options.minutes,
            first,
        };
        let pressed = stage.press(quiet, pace).await?;
        presses.extend(pressed.presses);
        let drained = stage.drain(&presses, options).await?;
        let judged = &drained.judged;
        let latencies = judged.latencies.only(|latency| latency.press >= first);
        #[expect(clippy::cast_precision_loss, reason = "presses of a step are few")]
        let made = (presses.len() - first) as f64;
        let step = Step {
            rate,
            holds: latencies
                .percentile(0.99)
                .is_some_and(|p99| p99 < latency::SLOW)
                && (judged.lost(), judged.late()) == (lost, late)
                && judged.unsettled + judged.doubled() == 0
                && drained.late.is_none(),
            p50_ms: latencies.percentile_ms(0.5),
            p99_ms: latencies.percentile_ms(0.99),
            lost: judged.lost().saturating_sub(lost),
            late: judged.late().saturating_sub(late),
            cores: pressed.cpu.total_s() / pressed.took_s,
            cpu_ms: pressed.cpu.total_s() * 1000.0 / made,
        };
        (lost, late) = (judged.lost(), judged.late());
        println!("load: {step}");
        search.0.push(step);
    }
    stage.stop().await?;
    let result = search_result(&search, options);
    report::write_result(&options.result, &result, &search.to_string())?;
    println!("{search}written to {}", options.result.display());
    Ok(search.is_good())
}

fn search_result(search: &Search, options: &Options) -> serde_json::Value {
    let mut result = search.describe();
    result["options"] = report::describe(options);
    result["machine"] = memory::describe_machine().into();
    result["good"] = search.is_good().into();
    result
}

/// The figures that come from the phases.
fn figures(quiet: Quiet, pressed: Pressed, drained: Drained) -> Report {
    let watched = &drained.watched;
    let sum = |of: fn(&Watched) -> u64| watched.iter().map(of).sum();
    Report {
        quiet: quiet.samples,
        health: quiet.health,
        pressed: pressed.samples,
        pressed_s: pressed.took_s,
        cpu: pressed.cpu,
        relocks: sum(|lock| u64::from(lock.relocks)),
        reports: sum(|lock| lock.reports),
        repeated_commands: sum(|lock| u64::from(lock.repeated)),
        refused_commands: sum(|lock| u64::from(lock.refused)),
        offline: sum(|lock| u64::from(lock.offline)),
        late: drained.late,
        poison: drained.poison,
        drained_s: drained.took_s,
        judged: drained.judged,
        ..Report::default()
    }
}

/// Writes figures and picture, and prints the table.
fn finish(report: &Report, result: &Path) -> Result<bool> {
    report.write(result)?;
    let mut samples = report.quiet.clone();
    let presses_from_s = report.pressed.first().map_or(0.0, |sample| sample.at_s);
    samples.extend(&report.pressed);
    let svg = picture::draw(&report.judged.latencies.times(), &samples, presses_from_s);
    let picture = result.with_extension("svg");
    std::fs::write(&picture, svg).with_context(|| format!("write {}", picture.display()))?;
    println!(
        "{report}written to {} and {}",
        result.display(),
        picture.display()
    );
    Ok(report.is_good())
}

/// Both processes need a file for each connection; the cloud inherits our limit.
fn check_file_limit(connections: u64) -> Result<()> {
    let limits = std::fs::read_to_string("/proc/self/limits")
        .context("read /proc/self/limits: the load needs Linux")?;
    let line = limits.lines().find(|l| l.starts_with("Max open files"));
    let soft = line.and_then(|l| l.split_whitespace().nth(3));
    let soft = soft.context("no limit of open files in /proc/self/limits")?;
    let needed = connections + OTHER_FILES;
    // Anything but a number is `unlimited`.
    match soft.parse::<u64>() {
        Ok(soft) if soft < needed => bail!(
            "a process may open {soft} files, but {connections} connections need {needed}: \
             run `ulimit -n {needed}` first"
        ),
        _ => Ok(()),
    }
}
