//! `load`: many locks and buttons on a local cloud with the real functions, at a steady rate and
//! with faults. Says which presses were lost or doubled, how long the others took, and whether the
//! memory stays flat.
//!
//! The locks are the firmware's C core, each on its own TLS connection. The cloud runs in another
//! process, so that only its own memory is measured.

mod button;
mod cloud;
mod crowd;
mod door;
mod fault;
mod judge;
mod memory;
mod phase;
mod picture;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::Ordering::Relaxed;

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;

use cloud::Cloud;
use crowd::{Crowd, Watched};
use door::Doors;
use fault::Faults;
use judge::Judgement;
use phase::{Pressed, Quiet};
use report::Report;

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
    /// Auto-relock of each lock, in seconds; 0 is off.
    #[arg(long, default_value_t = 20)]
    relock_s: u32,
    /// File for the figures, as JSON; the picture is written next to it.
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
    let mut cloud = Cloud::start(options, &faults.cloud).await?;
    let (access, table) = cloud.access()?;
    let remote = lock_aws::Cloud::new(&access, &table);
    let doors = Doors::register(remote, options.locks, options.buttons).await?;
    let before_kb = memory::read_resident_kb(cloud.pid())?;
    println!("load: registered; {before_kb} kB without connections");
    let mut crowd = Crowd::connect(&cloud, options).await?;
    phase::settle(&mut cloud, &mut crowd, &doors).await?;
    println!("load: {connections} connections, every lock settled");
    let quiet = phase::hold(&mut cloud, &mut crowd, options).await?;
    let run = (options, &faults);
    let pressed = phase::press(&mut cloud, &mut crowd, &doors, &quiet, run).await?;
    let (judged, watched) = phase::drain(&mut cloud, &mut crowd, &doors, &pressed, options).await?;
    let acknowledged = crowd.tally.acknowledged.load(Relaxed);
    crowd.stop().await;
    cloud.stop().await?;
    let report = Report {
        options: report::describe(options),
        faults: faults.list(),
        machine: memory::describe_machine(),
        before_kb,
        connections,
        acknowledged,
        ..figures(quiet, pressed, judged, &watched)
    };
    finish(&report, &options.result)
}

/// The figures that come from the phases.
fn figures(quiet: Quiet, pressed: Pressed, judged: Judgement, watched: &[Watched]) -> Report {
    let sum = |of: fn(&Watched) -> u64| watched.iter().map(of).sum();
    Report {
        options: serde_json::Value::Null,
        faults: Vec::new(),
        machine: String::new(),
        before_kb: 0,
        connections: 0,
        acknowledged: 0,
        quiet: quiet.samples,
        health: quiet.health,
        pressed: pressed.samples,
        pressed_s: pressed.took_s,
        relocks: sum(|lock| u64::from(lock.relocks)),
        reports: sum(|lock| lock.reports),
        repeated_commands: sum(|lock| u64::from(lock.repeated)),
        refused_commands: sum(|lock| u64::from(lock.refused)),
        offline: sum(|lock| u64::from(lock.offline)),
        judged,
    }
}

/// Writes figures and picture, and prints the table.
fn finish(report: &Report, result: &Path) -> Result<bool> {
    report.write(result)?;
    let mut samples = report.quiet.clone();
    let presses_from_s = report.pressed.first().map_or(0.0, |sample| sample.at_s);
    samples.extend(&report.pressed);
    let svg = picture::draw(&report.judged.latencies, &samples, presses_from_s);
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
