//! `infra/docs/COSTS.md`: the tables.
//!
//! Must not know: how the figures come about.

use anyhow::Result;

use super::alarm::Alarms;
use super::count::Counts;
use super::price::{Price, Prices};
use super::quota::{PRESSES, Quota, REPORT_MINUTES, SILENT, quotas};
use super::usage::{self, DAYS, METRICS, Usage};

/// The numbers of locks on the sheet.
const FLEETS: &[f64] = &[10.0, 10_000.0, 10_000_000.0];

/// The whole sheet.
///
/// # Errors
/// A price or a count is missing.
pub fn page(prices: &Prices, counts: &Counts, alarms: Alarms) -> Result<String> {
    let stack = usage::stack_month(counts, f64::from(alarms.few), METRICS[1].1)?;
    let parts = [
        INTRODUCTION.to_owned(),
        each(prices, counts)?,
        fixed(prices, counts, alarms, &stack)?,
        fleets(prices, counts, stack.usd(prices)?)?,
        limits(&quotas(counts)?),
        ENDS.to_owned(),
        pieces(counts)?,
        assumptions(),
        list(prices),
    ];
    Ok(parts.join("\n"))
}

const INTRODUCTION: &str = "\
# What it costs

Written by `cargo xtask costs` from `infra/docs/prices.toml`, `infra/docs/counts.json` and the
alarms of `template.yaml`; `cargo xtask test` fails when it is stale. The counts are what tests of
the functions have counted (`lambdas/report/tests/cost.rs` and its like). USD in us-east-1, a month
of 30 days, without AWS's free tier, taxes and traffic. Nothing here was compared with a bill.

A report each 60 minutes is shown as the price of a choice that does not exist yet: the sweep
counts a lock as silent 35 minutes after its last report.
";

const ENDS: &str = "\
## Where the design ends

Up to the first row that names a change of the code, more locks need only larger quotas. The due
index has a fixed number of shards, and each report moves its lock to a later time in one of them.
The times grow, so the newest end of each shard takes the new entries, and dividing a shard does
not relieve that end. Longer intervals between reports move this limit in proportion.

The sweep is one invocation each minute. It is enough while few locks are silent. If every lock
falls silent at once, the sweeps take the records one after the other, oldest due time first, as
many in a minute as the table says. So a fleet of ten thousand is seen within a minute, and one of
ten million within most of a day. Until then the system's own lock commands and the alerts wait. An
unlock does not: it ends at the device, by the device's own time.

`lockctl status` reads the list of every registered thing, which is one partition of the table. It
suits thousands of locks, not millions.
";

/// Prices of single things.
fn each(prices: &Prices, counts: &Counts) -> Result<String> {
    let rows = [
        (
            "a press, with its command and the reports of unlock and relock",
            usage::press(counts)?,
        ),
        (
            "a report without a change",
            usage::report(counts, "report, unchanged")?,
        ),
        (
            "a lock, month, a report each 15 min",
            usage::lock_month(counts, 15.0)?,
        ),
        (
            "a lock, month, a report each 60 min",
            usage::lock_month(counts, 60.0)?,
        ),
        (
            "a button of ours, month, without its presses",
            usage::button_month(),
        ),
        ("an announced unlock, one e-mail", usage::announced()),
    ];
    let rows = rows.iter().map(|(what, usage)| {
        let usd = usage.usd(prices)?;
        Ok(format!("{what} | {} | {}", money(usd), money(usd * 1e6)))
    });
    let rows = rows.collect::<Result<Vec<_>>>()?;
    Ok(format!(
        "## Each\n\n{}",
        table("what | USD | USD for a million", &rows)
    ))
}

/// What a stack costs without any lock.
fn fixed(prices: &Prices, counts: &Counts, alarms: Alarms, stack: &Usage) -> Result<String> {
    let mut rows = Vec::new();
    let mut row = |what: String, usage: &Usage| -> Result<()> {
        rows.push(format!("{what} | {}", money(usage.usd(prices)?)));
        Ok(())
    };
    row("sweep, each minute".to_owned(), &usage::sweeps(counts)?)?;
    let polls = usage::pieces("sqs-request", usage::POLLS);
    row("Lambda asks the failure queue".to_owned(), &polls)?;
    row(
        "stream of the table, read by Lambda".to_owned(),
        &Usage::default(),
    )?;
    for (level, count) in [("none", 0), ("few", alarms.few), ("all", alarms.all)] {
        let usage = usage::pieces("alarm", f64::from(count));
        row(format!("`Alarms={level}`: {count} alarms"), &usage)?;
    }
    for (level, count) in METRICS {
        let usage = usage::pieces("metric", *count);
        row(format!("`Metrics={level}`: up to {count} metrics"), &usage)?;
    }
    let dashboard = usage::pieces("dashboard", 1.0);
    row(
        "`Dashboard=true`, beyond an account's third".to_owned(),
        &dashboard,
    )?;
    row("**together, with the defaults**".to_owned(), stack)?;
    let heading = "## Fixed, for each stack and month";
    Ok(format!("{heading}\n\n{}", table("what | USD", &rows)))
}

/// A month of whole fleets.
fn fleets(prices: &Prices, counts: &Counts, stack: f64) -> Result<String> {
    let press = usage::press(counts)?.usd(prices)? * PRESSES * DAYS;
    let button = usage::button_month().usd(prices)?;
    let mut rows = Vec::new();
    for minutes in [REPORT_MINUTES, 60.0] {
        let lock = usage::lock_month(counts, minutes)?.usd(prices)?;
        for locks in FLEETS {
            let [presses, reports, buttons] = [press, lock, button].map(|usd| usd * locks);
            let all = presses + reports + buttons + stack;
            let cells = [presses, reports, buttons, stack, all, all / locks].map(money);
            rows.push(format!(
                "{} | {minutes} | {}",
                whole(*locks),
                cells.join(" | ")
            ));
        }
    }
    Ok(format!(
        "## Fleets, a month\n\nIn USD. Each lock has one button of ours and {PRESSES} presses a \
         day.\n\n{}",
        table(
            "locks | minutes between reports | presses | locks | buttons | fixed | all \
             | for each lock",
            &rows
        )
    ))
}

/// Limits, and when they are reached.
fn limits(quotas: &[Quota]) -> String {
    let rows = quotas.iter().map(|quota| {
        let needs = FLEETS
            .iter()
            .map(|locks| amount(quota.for_one_lock * locks));
        let needs: Vec<String> = needs.collect();
        let mark = if quota.is_verified {
            ""
        } else {
            " (UNVERIFIED)"
        };
        format!(
            "{} | {}{mark} | {} | {} | {}",
            quota.what,
            whole(quota.limit),
            needs.join(" | "),
            rounded(quota.locks()),
            quota.remedy
        )
    });
    let rows: Vec<String> = rows.collect();
    format!(
        "## Quotas, the first to raise first\n\nAverages over a day, with a report each \
         {REPORT_MINUTES} min, {PRESSES} presses a day and one lock in {} silent; a busy\nhour \
         needs several times as much.\n\n{}",
        whole(1.0 / SILENT),
        table(
            "quota | default | 10 locks | 10,000 | 10,000,000 | reached at locks | then",
            &rows
        )
    )
}

/// What the prices are multiplied with.
fn pieces(counts: &Counts) -> Result<String> {
    let press = usage::press(counts)?;
    let report = usage::report(counts, "report, unchanged")?;
    let sweep = usage::sweeps(counts)?;
    let names = press.0.keys().chain(sweep.0.keys());
    let names: std::collections::BTreeSet<_> = names.collect();
    let rows = names.into_iter().map(|name| {
        let cells = [&press, &report, &sweep].map(|usage| amount(usage.get(name)));
        format!("`{name}` | {}", cells.join(" | "))
    });
    let rows: Vec<String> = rows.collect();
    Ok(format!(
        "## Pieces\n\n{}",
        table(
            "price | a press, all of it | a report | sweeps of a month",
            &rows
        )
    ))
}

fn assumptions() -> String {
    format!(
        "\
## Assumed, not counted

Billed time of an invocation: press {} ms, with its cold start, report {} ms, sweep {} ms, announce
and show {} ms, at 256 MB on arm64. {} bytes of log for an invocation, {} bytes of an event for {}
days. A press meets a process that has just started, a report one that runs. The announce function
is invoked for each event line, the show function for each line and each change of a record or
binding; under load up to ten share an invocation. The show function publishes a state twice and a
line once for readers; what a reader gets, two messages each, delivery and PUBACK, is not counted.
Lambda asks an idle queue 15 times a minute (UNVERIFIED), and reads a stream free of charge.
Retries, alerts, operators' commands and the requests of the table's key are not counted. A
transaction's write of the index is counted as a plain one.
",
        usage::PRESS_MS,
        usage::REPORT_MS,
        usage::SWEEP_MS,
        usage::ANNOUNCE_MS,
        usage::LOG_BYTES,
        usage::EVENT_BYTES,
        usage::EVENT_DAYS
    )
}

/// The price list.
fn list(prices: &Prices) -> String {
    let row = |price: &Price| {
        let Price {
            name,
            what,
            usd,
            per,
            source,
            read,
            is_verified,
        } = price;
        let mark = if *is_verified { "" } else { " (UNVERIFIED)" };
        format!(
            "`{name}` | {what} | {usd} | {} | {source}{mark} | {read}",
            whole(*per)
        )
    };
    let rows: Vec<String> = prices.0.iter().map(row).collect();
    let heads = "price | what | USD | for | source | read";
    format!("## Prices\n\n{}", table(heads, &rows))
}

fn table(heads: &str, rows: &[String]) -> String {
    let line = vec!["---"; heads.split('|').count()].join("|");
    let rows: String = rows.iter().map(|row| format!("| {row} |\n")).collect();
    format!("| {heads} |\n|{line}|\n{rows}")
}

/// An amount of money with as many digits as matter.
fn money(usd: f64) -> String {
    match usd {
        0.0 => "0".to_owned(),
        usd if usd < 0.001 => format!("{usd:.7}"),
        usd if usd < 1.0 => format!("{usd:.4}"),
        usd if usd < 1_000.0 => format!("{usd:.2}"),
        usd => whole(usd),
    }
}

/// A quantity with as many digits as matter.
fn amount(count: f64) -> String {
    match count {
        0.0 => "0".to_owned(),
        count if count < 0.001 => format!("{count:.7}"),
        count if count.fract() == 0.0 || count >= 100.0 => whole(count),
        count => format!("{count:.3}"),
    }
}

/// Two digits, then zeros: an estimate.
fn rounded(count: f64) -> String {
    let step = 10_f64.powf(count.log10().floor() - 1.0);
    whole((count / step).round() * step)
}

/// A whole number with commas.
fn whole(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_matter() {
        assert_eq!(whole(1_234_567.4), "1,234,567");
        assert_eq!(whole(100.0), "100");
        assert_eq!(rounded(3_612_345.0), "3,600,000");
        assert_eq!(money(0.000_025), "0.0000250");
        assert_eq!(money(0.0312), "0.0312");
        assert_eq!(money(12.345), "12.35");
        assert_eq!(money(1_234.5), "1,234");
        assert_eq!(amount(8.0), "8");
        assert_eq!(amount(0.5), "0.500");
    }
}
