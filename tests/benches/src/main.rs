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
mod profile;
mod row;
mod runtime;
mod sheet;
mod spread;
mod stand;
mod unit;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
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
    /// Name of this machine, under which the result is kept.
    #[arg(long, value_name = "NAME")]
    machine: String,
    /// File for the result.
    #[arg(long, value_name = "FILE")]
    result: PathBuf,
    /// Also write README's table and the pages from the published results.
    #[arg(long)]
    pages: bool,
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
    let mut failed = Vec::new();
    for section in Section::value_variants() {
        if !options.only.is_empty() && !options.only.contains(section) {
            continue;
        }
        let began = Instant::now();
        // What the other sections measure is kept, and the failure is the result of the run.
        if let Err(error) = measure_section(*section, &mut run, options).await {
            println!("bench: {section:?} failed: {error:#}");
            failed.push(format!("{section:?}"));
        }
        println!("bench: {section:?} took {} s", began.elapsed().as_secs());
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
    if options.pages {
        page::write_pages()?;
    }
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(!options.check || is_held)
}

async fn measure_section(section: Section, run: &mut Run, options: &Options) -> Result<()> {
    let (programs, quick) = (&options.programs, options.quick);
    match section {
        Section::Functions => {
            function::measure(run, &options.paths, function::Plan::new(quick)).await
        }
        Section::Laptop => laptop::measure(run, programs, quick).await,
        Section::Broker => broker::measure(run, programs, &options.mosquitto, quick).await,
        Section::Growth => {
            growth::measure(run, programs, &growth::Plan::new(quick, options.full)).await
        }
        Section::Units => unit::measure(run),
        Section::Firmware => firmware::measure(run),
    }
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
