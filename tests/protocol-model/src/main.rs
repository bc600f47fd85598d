//! Prints what the checker finds: a row per configuration, a row per rule taken away. Must not check anything itself.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use protocol_model::table;

/// Checks the protocol exhaustively, within bounds.
#[derive(Parser)]
struct Options {
    /// Larger bounds: minutes, not seconds.
    #[arg(long)]
    deep: bool,
    /// Only the configurations whose name contains this, and no other table.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Only the rules whose number or words contain this, taken away, and no other table.
    #[arg(long, value_name = "TEXT", conflicts_with = "only")]
    without: Option<String>,
}

fn main() -> io::Result<ExitCode> {
    let options = Options::parse();
    let mut out = io::stdout().lock();
    let mut good = true;
    if options.without.is_none() {
        writeln!(out, "{}", table::heading())?;
        for row in table::hold(options.deep, options.only.as_deref()) {
            good &= row.found.broken.is_none();
            writeln!(out, "{row}")?;
            out.flush()?;
        }
    }
    if options.only.is_none() {
        writeln!(out, "\nwithout a rule")?;
        for row in table::weaken(options.without.as_deref()) {
            good &= row.broke();
            writeln!(out, "{row}")?;
            out.flush()?;
        }
    }
    Ok(ExitCode::from(u8::from(!good)))
}
