//! Prints the checker's results: a row per configuration, then a row per rule removed.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use protocol_model::table;

/// Checks the protocol exhaustively, within bounds.
#[derive(Parser)]
struct Options {
    /// Use larger bounds: takes minutes, not seconds.
    #[arg(long)]
    deep: bool,
    /// Check only the configurations whose name contains TEXT, and remove no rules.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Remove only the rules whose number is TEXT or whose text contains it, and skip the
    /// configurations with all rules in force.
    #[arg(long, value_name = "TEXT", conflicts_with = "only")]
    without: Option<String>,
}

fn main() -> io::Result<ExitCode> {
    let options = Options::parse();
    let mut out = io::stdout().lock();
    let mut good = true;
    if options.without.is_none() {
        writeln!(out, "{}", table::heading())?;
        for row in table::check_configurations(options.deep, options.only.as_deref()) {
            good &= row.result.broken.is_none();
            writeln!(out, "{row}")?;
            out.flush()?;
        }
    }
    if options.only.is_none() {
        writeln!(out, "\nwithout a rule")?;
        for row in table::check_rules(options.without.as_deref()) {
            good &= row.is_shown();
            writeln!(out, "{row}")?;
            out.flush()?;
        }
    }
    Ok(ExitCode::from(u8::from(!good)))
}
