//! `load`: holds many TLS connections to a local cloud, sends a few messages, and observes memory.
//!
//! The cloud runs in another process, so that only its own memory is measured.

mod cloud;
mod device;
mod memory;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep_until};

use cloud::Cloud;
use device::{Device, Tally};
use memory::Sample;
use report::Report;

/// Connections opened per second; AWS allows an account 100.
const CONNECTS_PER_SECOND: u64 = 50;
/// How long all connections may take beyond that.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(60);
/// Time between two samples of the memory.
const SAMPLE_EVERY: Duration = Duration::from_secs(10);
/// Files that each process needs, in addition to one per connection.
const OTHER_FILES: u64 = 100;

/// Holds TLS connections to a local cloud, sends messages, and checks that its memory stays flat.
#[derive(Parser)]
pub struct Options {
    /// Path of the `local-cloud` program.
    #[arg(long, value_name = "PATH")]
    cloud: PathBuf,
    /// Template that the cloud runs.
    #[arg(long, value_name = "FILE")]
    template: PathBuf,
    /// Number of connections to hold.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    connections: u64,
    /// How long to hold them, in minutes.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Seconds between two messages of a device.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// File for the figures, as JSON.
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
    check_file_limit(options.connections)?;
    println!("load: starting a cloud with {} things", options.connections);
    let mut cloud = Cloud::start(&options.cloud, &options.template, options.connections).await?;
    let before = memory::read_resident_kb(cloud.pid())?;
    println!("load: {before} kB without connections");

    let tally = Arc::new(Tally::default());
    let mut devices = JoinSet::new();
    let began = Instant::now();
    connect(&cloud, options, &tally, &mut devices).await?;
    println!(
        "load: {} connections after {:.0} s; holding them for {} min",
        options.connections,
        began.elapsed().as_secs_f64(),
        options.minutes
    );
    let samples = hold(&mut cloud, options, &tally, &mut devices).await?;
    let report = Report::new(options, before, samples, &tally);
    devices.shutdown().await;
    cloud.stop().await?;
    report.write(&options.result)?;
    println!("{report}\nwritten to {}", options.result.display());
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

/// Opens all connections at a steady pace and waits until each device is subscribed.
async fn connect(
    cloud: &Cloud,
    options: &Options,
    tally: &Arc<Tally>,
    devices: &mut JoinSet<Result<()>>,
) -> Result<()> {
    let mut pace = interval(Duration::from_secs(1) / u32::try_from(CONNECTS_PER_SECOND)?);
    for number in 0..options.connections {
        pace.tick().await;
        let device = Device::new(cloud, number, options.connections, options.every)?;
        devices.spawn(device.run(Arc::clone(tally)));
    }
    let deadline = Instant::now() + CONNECT_TIME_MAX;
    while tally.subscribed() < options.connections {
        pace.tick().await;
        if let Some(ended) = devices.try_join_next() {
            ended??;
            bail!("a device ended early");
        }
        ensure!(
            Instant::now() < deadline,
            "only {} of {} devices are subscribed",
            tally.subscribed(),
            options.connections
        );
    }
    Ok(())
}

/// Samples the memory at a steady pace; a device or cloud that ends is an error.
async fn hold(
    cloud: &mut Cloud,
    options: &Options,
    tally: &Tally,
    devices: &mut JoinSet<Result<()>>,
) -> Result<Vec<Sample>> {
    let began = Instant::now();
    let end = began + Duration::from_secs_f64(options.minutes * 60.0);
    let mut ticks = interval(SAMPLE_EVERY.min(end - began));
    let mut samples = Vec::new();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = sleep_until(end) => return Ok(samples),
            Some(ended) = devices.join_next() => {
                ended??;
                bail!("a device ended early");
            }
        }
        cloud.check()?;
        let sample = Sample {
            at_s: began.elapsed().as_secs_f64(),
            rss_kb: memory::read_resident_kb(cloud.pid())?,
        };
        println!(
            "{:>6.0} s  {:>8} kB  {:>8} sent  {:>8} received",
            sample.at_s,
            sample.rss_kb,
            tally.sent(),
            tally.received()
        );
        samples.push(sample);
    }
}
