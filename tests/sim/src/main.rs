//! Runs seeds; a seed that fails is shrunk and printed in words.

use std::io::{self, Write};
use std::process::ExitCode;
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;
use sim::invariant::Invariant;
use sim::plant::{Plant, SEEDS};
use sim::prediction::Predictions;
use sim::run::{Outcome, Recipe};
use sim::shrink::shrink;

/// Runs the whole system in one process, as a seed decides.
#[derive(Parser)]
struct Options {
    /// Run this seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Run the seeds FROM..TO, without TO.
    #[arg(long, value_name = "FROM..TO", value_parser = parse_range)]
    seeds: Option<(u64, u64)>,
    /// Also run this many seeds that no run had before.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    fresh: u64,
    /// Days before the faults stop.
    #[arg(long, default_value_t = 2)]
    days: u64,
    /// Plant a fault.
    #[arg(long, value_name = "FAULT", value_parser = parse_plant)]
    plant: Option<Plant>,
    /// Let only these lines of the plan happen, or `none`.
    #[arg(long, value_name = "LINES")]
    keep: Option<String>,
    /// Let only these strikes happen, or `none`.
    #[arg(long, value_name = "STRIKES")]
    strikes: Option<String>,
    /// Print the run in words even if nothing breaks.
    #[arg(long)]
    trace: bool,
    /// Print the planted faults, and at which seed each is found.
    #[arg(long)]
    plants: bool,
}

/// What many runs came to.
#[derive(Default)]
struct Summary {
    failed: Vec<(u64, Invariant)>,
    events: u64,
    lasted: u64,
    predictions: Predictions,
}

impl Summary {
    fn add(&mut self, other: Self) {
        self.failed.extend(other.failed);
        self.events += other.events;
        self.lasted += other.lasted;
        self.predictions += other.predictions;
    }
}

fn main() -> io::Result<ExitCode> {
    let options = Options::parse();
    let mut out = io::stdout().lock();
    if options.plants {
        return print_plants(&mut out);
    }
    if let Some(seed) = options.seed {
        let recipe = Recipe {
            seed,
            days: options.days,
            plant: options.plant,
            keep: options.keep.as_deref().map(parse_list).transpose()?,
            strikes: options.strikes.as_deref().map(parse_list).transpose()?,
        };
        return run_one(&mut out, &recipe, options.trace);
    }
    let (from, to) = options.seeds.unwrap_or((0, 500));
    let mut seeds: Vec<u64> = (from..to).collect();
    if options.fresh > 0 {
        let first = fresh_seed();
        writeln!(
            out,
            "fresh seeds: --seeds {first}..{}",
            first + options.fresh
        )?;
        seeds.extend(first..first + options.fresh);
    }
    run_many(&mut out, &seeds, &options)
}

/// A first seed from the time of day; it is printed, so that its run can be repeated.
fn fresh_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs() * 1_000)
}

fn run_one(out: &mut impl Write, recipe: &Recipe, traced: bool) -> io::Result<ExitCode> {
    let outcome = recipe.run(true);
    if outcome.broken.is_none() {
        if traced {
            print_trace(out, &outcome)?;
        }
        writeln!(out, "seed {}: every invariant holds", recipe.seed)?;
        return Ok(ExitCode::SUCCESS);
    }
    report(out, recipe)?;
    Ok(ExitCode::FAILURE)
}

/// Shrinks a failing run and prints the small one.
fn report(out: &mut impl Write, recipe: &Recipe) -> io::Result<()> {
    let Some((broken, _)) = recipe.run(false).broken else {
        return Ok(());
    };
    let small = if recipe.strikes.is_some() {
        recipe.clone()
    } else {
        shrink(recipe, broken)
    };
    let outcome = small.run(true);
    print_trace(out, &outcome)?;
    writeln!(out, "seed {}: {broken}", recipe.seed)?;
    writeln!(out, "replay: {}", small.command())
}

fn run_many(out: &mut impl Write, seeds: &[u64], options: &Options) -> io::Result<ExitCode> {
    let started = Instant::now();
    let recipe = |seed| Recipe {
        days: options.days,
        plant: options.plant,
        ..Recipe::of(seed)
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let run_part = |worker: usize| {
        let mut summary = Summary::default();
        for seed in seeds.iter().skip(worker).step_by(workers) {
            let outcome = recipe(*seed).run(false);
            let broken = outcome.broken.map(|(broken, _)| (*seed, broken));
            summary.add(Summary {
                failed: broken.into_iter().collect(),
                events: outcome.events,
                lasted: outcome.lasted,
                predictions: outcome.predictions,
            });
        }
        summary
    };
    let parts: Vec<_> = thread::scope(|scope| {
        let started: Vec<_> = (0..workers)
            .map(|worker| scope.spawn(move || run_part(worker)))
            .collect();
        let finished = started.into_iter().map(|worker| worker.join());
        finished.collect()
    });
    let mut all = Summary::default();
    for part in parts {
        let part = part.map_err(|_| io::Error::other("a worker panicked; run its seeds alone"))?;
        all.add(part);
    }
    all.failed.sort_unstable();
    let seconds = started.elapsed().as_secs_f64();
    let (days, events) = (all.lasted as f64 / 86_400_000.0, all.events);
    writeln!(
        out,
        "{} seeds, {days:.0} days, {events} events in {seconds:.1} s: {:.0} days a minute",
        seeds.len(),
        days / seconds * 60.0
    )?;
    let Predictions { committed, missed } = all.predictions;
    writeln!(
        out,
        "decisions on a predicted record: {committed} committed, {missed} missed"
    )?;
    for (seed, broken) in &all.failed {
        writeln!(out, "seed {seed}: {broken}")?;
    }
    let Some((seed, _)) = all.failed.first() else {
        writeln!(out, "every invariant holds")?;
        return Ok(ExitCode::SUCCESS);
    };
    report(out, &recipe(*seed))?;
    Ok(ExitCode::FAILURE)
}

fn print_trace(out: &mut impl Write, outcome: &Outcome) -> io::Result<()> {
    for (at, line) in &outcome.trace {
        let (seconds, ms) = (at / 1_000, at % 1_000);
        let (minutes, hours) = (seconds / 60, seconds / 3_600);
        writeln!(
            out,
            "day {} {:02}:{:02}:{:02}.{ms:03}  {line}",
            hours / 24 + 1,
            hours % 24,
            minutes % 60,
            seconds % 60
        )?;
    }
    Ok(())
}

fn print_plants(out: &mut impl Write) -> io::Result<ExitCode> {
    let mut good = true;
    for plant in Plant::ALL {
        let found = (0..SEEDS).find_map(|seed| {
            let recipe = Recipe {
                plant: Some(*plant),
                ..Recipe::of(seed)
            };
            Some((seed, recipe.run(false).broken?.0))
        });
        let right = found.is_some_and(|(_, broken)| plant.breaks().contains(&broken));
        good &= right;
        let found = found.map_or("not found".into(), |(seed, broken)| {
            format!("seed {seed}: {broken:?}")
        });
        let mark = if right { "" } else { "  WRONG" };
        writeln!(out, "{:<22} {found:<16} {plant}{mark}", plant.word())?;
        out.flush()?;
    }
    Ok(ExitCode::from(u8::from(!good)))
}

fn parse_plant(word: &str) -> Result<Plant, String> {
    let found = Plant::ALL.iter().find(|plant| plant.word() == word);
    found.copied().ok_or_else(|| {
        let words: Vec<String> = Plant::ALL.iter().map(|plant| plant.word()).collect();
        format!("unknown fault: wanted one of {}", words.join(", "))
    })
}

fn parse_range(text: &str) -> Result<(u64, u64), String> {
    let parts = text.split_once("..");
    let range = parts.and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    range.ok_or_else(|| format!("range {text:?}: wanted FROM..TO"))
}

fn parse_list<T: std::str::FromStr>(text: &str) -> io::Result<Vec<T>> {
    if text == "none" {
        return Ok(Vec::new());
    }
    let number = |word: &str| word.parse().ok();
    let list: Option<Vec<T>> = text.split(',').map(number).collect();
    list.ok_or_else(|| io::Error::other(format!("list {text:?}: wanted numbers with commas")))
}
