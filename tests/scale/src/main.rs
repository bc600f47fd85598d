//! Prints the table of outages in SCALE.md. Must not know: where it is written.

use std::io::{self, Write};

use clap::Parser;
use scale::table::{HEADING, ROWS, row};

/// Runs a broker outage over fleets of several sizes, with the real decisions, and prints a table.
#[derive(Parser)]
struct Options {
    /// Leave out fleets that are larger than this.
    #[arg(long, default_value_t = usize::MAX, value_name = "LOCKS")]
    most: usize,
}

fn main() -> io::Result<()> {
    let options = Options::parse();
    let mut out = io::stdout().lock();
    writeln!(out, "{HEADING}")?;
    for fleet in ROWS.into_iter().filter(|row| row.0 <= options.most) {
        writeln!(out, "{}", row(fleet))?;
        out.flush()?;
    }
    Ok(())
}
