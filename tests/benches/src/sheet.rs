//! The page of a published run: every number to hold, the profiles of those that are not held, then
//! every figure, section by section.
//!
//! Must not know: how a figure is measured.

use std::collections::BTreeSet;

use crate::bound::number;
use crate::page::{lines, render_line};
use crate::profile::Profiles;
use crate::row::{Row, Run};

/// Characters of a line.
const WIDTH: usize = 120;

/// The sections in the order of the page, each with what a reader must know.
const SECTIONS: [(&str, &str); 6] = [
    (
        "functions",
        "Each contender works against a TLS server with canned answers that checks every message. \
         `raw` is hyper and aws-sigv4 by hand. `3 trips` reads the record in each press; the \
         others predict it, as ours does. The bounds of warm presses are against three trips.",
    ),
    (
        "laptop",
        "From a press to the command at a client, on the local cloud: the product, the same \
         product with a press function by hand, a function that only publishes, and a rule \
         without a function. The bound is against the function by hand, since a command may \
         only follow its committed transaction, which the function that only publishes leaves out.",
    ),
    (
        "broker",
        "2,000 deliveries a second to 100 clients over mutual TLS. Neither broker writes a log.",
    ),
    (
        "growth",
        "`lockctl CPU`: that many locks with devices. `cloud CPU`: ten locks pressed, that many \
         records in the table. `status` and `history`: one lock with that many events.",
    ),
    (
        "units",
        "DynamoDB request units, as the tests of the functions count them.",
    ),
    ("firmware", "From `firmware/SIZES.md`."),
];

/// The page.
pub fn render(run: &Run, profiles: &Profiles) -> String {
    let mut text = format!(
        "# {}: {} × {}, {}\n\nWritten by `cargo xtask bench`. Load of the machine before the run: \
         {}. Medians ± median absolute deviation;\n`–` was not measured. The rows with their \
         numbers of samples: `{}.json`.\n\n| ratio or figure | measured | bound |\n|---|---|---|\n",
        run.machine, run.cores, run.processor, run.day, run.load, run.machine
    );
    for line in lines() {
        text += &format!("| {} |\n", render_line(line, run));
    }
    text += &profiles.render(run);
    for (section, note) in SECTIONS {
        let rows: Vec<&Row> = run
            .rows
            .iter()
            .filter(|row| row.section == section)
            .collect();
        if !rows.is_empty() {
            let (note, tables) = (wrap(note), render_section(&rows));
            text += &format!("\n## {section}\n\n{note}\n{tables}");
        }
    }
    text
}

/// The text in lines of a page's width.
fn wrap(text: &str) -> String {
    let (mut lines, mut line) = (String::new(), String::new());
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines += &format!("{line}\n");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line += word;
    }
    lines + &line + "\n"
}

/// A line for each figure, and a column for each of those who have it.
fn render_section(rows: &[&Row]) -> String {
    let mut who: Vec<&str> = Vec::new();
    let mut what: Vec<(&str, &str)> = Vec::new();
    for row in rows {
        if !who.contains(&row.who.as_str()) {
            who.push(&row.who);
        }
        if !what.contains(&(&row.what, &row.unit)) {
            what.push((&row.what, &row.unit));
        }
    }
    // Kinds that share no figure read better below each other.
    let tables = split(&who, &what, rows);
    let tables: Vec<String> = tables
        .iter()
        .map(|(who, what)| render_table(who, what, rows))
        .collect();
    tables.join("\n")
}

type Table<'a> = (Vec<&'a str>, Vec<(&'a str, &'a str)>);

/// Figures that the same have are one table.
fn split<'a>(who: &[&'a str], what: &[(&'a str, &'a str)], rows: &[&Row]) -> Vec<Table<'a>> {
    let mut tables: Vec<Table<'a>> = Vec::new();
    for figure in what {
        let has: BTreeSet<&str> = rows
            .iter()
            .filter(|row| row.what == figure.0)
            .map(|row| row.who.as_str())
            .collect();
        let owners: Vec<&str> = who.iter().copied().filter(|w| has.contains(w)).collect();
        match tables.iter_mut().find(|(of, _)| *of == owners) {
            Some((_, figures)) => figures.push(*figure),
            None => tables.push((owners, vec![*figure])),
        }
    }
    tables
}

fn render_table(who: &[&str], what: &[(&str, &str)], rows: &[&Row]) -> String {
    let mut text = format!(
        "| | {} |\n|---|{}\n",
        who.join(" | "),
        "---|".repeat(who.len())
    );
    for (name, unit) in what {
        let label = if unit.is_empty() {
            (*name).to_owned()
        } else {
            format!("{name}, {unit}")
        };
        let cell = |who: &&str| {
            let row = rows.iter().find(|row| row.who == *who && row.what == *name);
            row.map_or("–".to_owned(), |row| match row.samples {
                1 => number(row.value),
                _ => format!("{} ± {}", number(row.value), number(row.spread)),
            })
        };
        let cells: Vec<String> = who.iter().map(cell).collect();
        text += &format!("| {label} | {} |\n", cells.join(" | "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spread::Samples;

    #[test]
    fn the_page_has_each_figure_once_beside_those_of_others() {
        let mut run = Run::default();
        let mut samples = Samples::default();
        samples.add(1.0);
        samples.add(3.0);
        run.rows
            .push(Row::new("growth", "1 locks", "CPU", "ms", &samples));
        run.rows
            .push(Row::fixed("growth", "9 locks", "CPU", "ms", 7.0));
        run.rows
            .push(Row::fixed("growth", "5 events", "status", "ms", 8.0));
        let page = render(&run, &Profiles::default());
        let (_, tables) = page.split_once("## growth").unwrap();
        let lines: Vec<&str> = tables
            .lines()
            .filter(|line| line.starts_with('|'))
            .collect();
        let wanted = [
            "| | 1 locks | 9 locks |",
            "|---|---|---|",
            "| CPU, ms | 2 ± 1 | 7 |",
            "| | 5 events |",
            "|---|---|",
            "| status, ms | 8 |",
        ];
        assert_eq!(lines, wanted);
        assert!(
            page.contains("| cold start ÷ floor: time; CPU | –; – |"),
            "{page}"
        );
    }
}
