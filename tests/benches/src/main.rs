//! `bench`: measures the product next to its peers in one run, and publishes the ratios.
//!
//! Must not know: how anything is built; `cargo xtask bench` builds it and starts this program.

mod account;
mod bound;
mod broker;
mod client;
mod cloud;
mod contender;
mod firmware;
mod function;
mod growth;
mod http;
mod laptop;
mod page;
mod row;
mod runtime;
mod spread;
mod stand;
mod unit;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};

use row::Run;

/// A part of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Section {
    Functions,
    Laptop,
    Broker,
    Growth,
    Units,
    Firmware,
}

/// Measures the product next to its peers. `cargo xtask bench` gives the paths.
#[derive(Parser)]
struct Options {
    /// The parts to measure. [default: all]
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Section>,
    /// A short run, to see that everything works; it is not published.
    #[arg(long)]
    quick: bool,
    /// Also measure 10⁶ events of one lock.
    #[arg(long)]
    full: bool,
    /// Fail if a number to hold is not held.
    #[arg(long)]
    check: bool,
    /// Calls of a peer's warm press: 2 predicts the record, 3 reads it. [default: as ours does]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=3))]
    calls: Option<u64>,
    /// Name of this machine, under which the result is kept.
    #[arg(long, value_name = "NAME")]
    machine: String,
    /// File for the result.
    #[arg(long, value_name = "FILE")]
    result: PathBuf,
    /// Also write the README's table from the published results.
    #[arg(long)]
    readme: bool,
    #[command(flatten)]
    paths: contender::Paths,
    #[command(flatten)]
    programs: cloud::Programs,
    /// The mosquitto broker.
    #[arg(long, value_name = "PATH")]
    mosquitto: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    match measure(&Options::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Measures, writes and prints; `false` if a bound was asked for and is not held.
async fn measure(options: &Options) -> Result<bool> {
    let mut run = begin(options)?;
    if run.load > 1.0 {
        println!(
            "bench: load {}: other programs are running, so read only ratios and CPU",
            run.load
        );
    }
    let is_wanted = |section| options.only.is_empty() || options.only.contains(&section);
    if is_wanted(Section::Functions) {
        let plan = function::Plan::new(options.quick, options.calls);
        function::measure(&mut run, &options.paths, plan).await?;
    }
    if is_wanted(Section::Laptop) {
        laptop::measure(&mut run, &options.programs, options.quick).await?;
    }
    if is_wanted(Section::Broker) {
        let programs = &options.programs;
        broker::measure(&mut run, programs, &options.mosquitto, options.quick).await?;
    }
    if is_wanted(Section::Growth) {
        let plan = growth::Plan::new(options.quick, options.full);
        growth::measure(&mut run, &options.programs, &plan).await?;
    }
    if is_wanted(Section::Units) {
        unit::measure(&mut run)?;
    }
    if is_wanted(Section::Firmware) {
        firmware::measure(&mut run)?;
    }
    page::print(&run);
    let broken: Vec<String> = bound::BOUNDS
        .iter()
        .filter_map(|b| b.broken(&run))
        .collect();
    for sentence in &broken {
        println!("bench: not held: {sentence}");
    }
    let unmeasured: Vec<String> = bound::BOUNDS
        .iter()
        .filter_map(|b| b.unmeasured(&run))
        .collect();
    for what in &unmeasured {
        println!("bench: not measured in this run: {what}");
    }
    // A chosen part or a short run lacks figures; a whole run that lacks one proves nothing.
    let is_whole = options.only.is_empty() && !options.quick;
    let is_held = broken.is_empty() && (unmeasured.is_empty() || !is_whole);
    keep(run, &options.result)?;
    if options.readme {
        page::write_readme()?;
    }
    Ok(!options.check || is_held)
}

fn begin(options: &Options) -> Result<Run> {
    let cores = std::thread::available_parallelism().context("count the processors")?;
    Ok(Run {
        machine: options.machine.clone(),
        processor: account::read_processor()?,
        cores: cores.get(),
        day: jiff::Zoned::now().date().to_string(),
        load: account::read_load()?,
        quick: options.quick,
        ..Run::default()
    })
}

/// Writes the run; sections that it did not measure stay as they were.
fn keep(mut run: Run, path: &Path) -> Result<()> {
    if path.exists() {
        run.complete_from(&Run::read(path)?);
    }
    run.write(path)?;
    println!("bench: written to {}", path.display());
    Ok(())
}
