//! The log of a stack (`lockctl local --log json`), and the invariants that it can show.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use serde_json::Value;

/// More sends of one command than any test here can need: beyond that it is a loop (S7).
const SENDS_MAX: usize = 12;

/// The lines of the log so far, oldest first.
#[derive(Debug, Clone)]
pub struct Log {
    lines: Vec<Value>,
}

/// A published command.
#[derive(Debug, Clone)]
struct SentCommand {
    lock: String,
    id: String,
    version: u64,
    action: String,
    expires_at_ms: Option<u64>,
}

impl Log {
    /// Parses the lines that are JSON and complete; the last one may still be incomplete.
    pub fn parse(log: &str) -> Self {
        let lines = log.lines().map(serde_json::from_str);
        let lines = lines.filter_map(Result::ok).collect();
        Self { lines }
    }

    fn cloud<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        let events = self.lines.iter().map(|line| &line["cloud"]);
        events.filter(move |event| event["kind"] == kind)
    }

    /// Number of failures of rules whose error contains `text`.
    pub fn rule_failures(&self, text: &str) -> usize {
        let failed = self.cloud("ruleFailed");
        let errors = failed.filter_map(|event| event["error"].as_str());
        errors.filter(|error| error.contains(text)).count()
    }

    /// Why the broker's connections with this client have ended, oldest first.
    pub fn disconnects(&self, client: &str) -> Vec<&str> {
        let all = self.cloud("disconnected");
        let ended = all.filter(|event| event["client"] == client);
        ended.filter_map(|event| event["reason"].as_str()).collect()
    }

    /// Number of times that a fault has struck.
    pub fn strikes(&self, fault: &str) -> usize {
        let struck = self.cloud("faultInjected");
        struck.filter(|event| event["fault"] == fault).count()
    }

    /// The JSON lines that a function, by logical id, has logged, oldest first.
    pub fn function_log(&self, function: &str) -> Vec<Value> {
        let lines = self.cloud("functionLog").filter(|e| is_of(e, function));
        let texts = lines.filter_map(|event| event["line"].as_str());
        let lines = texts.map(serde_json::from_str);
        lines.filter_map(Result::ok).collect()
    }

    /// Number of different commands published to a lock.
    pub fn commands(&self, lock: &str) -> usize {
        let sent = self.cloud("published").filter_map(sent_command);
        let commands = sent.filter(|command| command.lock == lock);
        let commands: BTreeSet<_> = commands.map(|c| (c.version, c.id)).collect();
        commands.len()
    }

    /// Number of successful attempts of a function, by logical id.
    pub fn successes(&self, function: &str) -> usize {
        let completed = self.cloud("completed").filter(|e| is_of(e, function));
        completed.filter(|event| event["outcome"] == "ok").count()
    }

    /// Number of events that a function, by logical id, has given up.
    pub fn given_up(&self, function: &str) -> usize {
        let given_up = self.cloud("givenUp");
        given_up.filter(|event| is_of(event, function)).count()
    }

    /// The errors of failed attempts of a function, by logical id, oldest first.
    pub fn errors(&self, function: &str) -> Vec<&str> {
        let ended = self.cloud("completed").filter(|e| is_of(e, function));
        let outcomes = ended.filter_map(|event| event["outcome"].as_str());
        outcomes.filter(|outcome| *outcome != "ok").collect()
    }

    /// Number of processes started for a function, by logical id.
    pub fn cold_starts(&self, function: &str) -> usize {
        let invoked = self.cloud("invoked").filter(|e| is_of(e, function));
        invoked.filter(|event| event["cold"] == true).count()
    }

    /// The names of what each reload changed, oldest first.
    pub fn reloads(&self) -> Vec<&Value> {
        let reloads = self.cloud("reloaded");
        reloads.map(|event| &event["changed"]).collect()
    }

    /// The lines about changed sources and programs, oldest first.
    pub fn changes(&self) -> Vec<&str> {
        let lines = self.lines.iter();
        lines.filter_map(|line| line["change"].as_str()).collect()
    }

    /// The reasons of rejected reloads, oldest first.
    pub fn rejected_reloads(&self) -> Vec<&str> {
        let rejected = self.cloud("reloadRefused");
        rejected
            .filter_map(|event| event["reason"].as_str())
            .collect()
    }

    /// Time from the publishing of each unlock to its expiry, in ms, oldest first.
    pub fn unlock_lives_ms(&self) -> Vec<u64> {
        let lives = self.cloud("published").filter_map(|event| {
            let command = sent_command(event).filter(|command| command.action == "unlock")?;
            Some(command.expires_at_ms? - event["at_ms"].as_u64()?)
        });
        lives.collect()
    }

    /// Whether no function handles a message or waits for another attempt. Sweeps do not count: on
    /// a busy machine one starts before the last has ended.
    pub fn is_idle(&self) -> bool {
        // By request id: open deliveries, and pending retries.
        let mut open: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for event in self.lines.iter().map(|line| &line["cloud"]) {
            let id = event["requestId"].as_str();
            let Some(id) = id.filter(|_| !is_of(event, "SweepFunction")) else {
                continue;
            };
            let (deliveries, retries) = open.entry(id).or_default();
            match event["kind"].as_str() {
                Some("invoked") if *retries > 0 => *retries -= 1,
                Some("invoked") => *deliveries += 1,
                Some("retrying") => *retries += 1,
                Some("completed") if event["outcome"] == "ok" => *deliveries -= 1,
                Some("givenUp") => (*deliveries, *retries) = (*deliveries - 1, 0),
                _ => {}
            }
        }
        open.values().all(|(deliveries, _)| *deliveries <= 0)
    }

    /// Checks S1, S3 and S7 over the whole log.
    pub fn check_invariants(&self) -> Result<()> {
        let sent: Vec<_> = self.cloud("published").filter_map(sent_command).collect();
        let mut by_version: BTreeMap<(&str, u64), &str> = BTreeMap::new();
        let mut sends: BTreeMap<&str, usize> = BTreeMap::new();
        for command in &sent {
            let known = by_version
                .entry((&command.lock, command.version))
                .or_insert(&command.id);
            let (id, version) = (&command.id, command.version);
            ensure!(
                known == id,
                "S3: version {version} has two commands, {known} and {id}"
            );
            let count = sends.entry(id).or_default();
            *count += 1;
            ensure!(*count <= SENDS_MAX, "S7: {id} was sent {count} times");
        }
        for (lock, at) in self.openings() {
            let in_time = sent.iter().any(|command| {
                command.lock == lock
                    && command.action == "unlock"
                    && command.expires_at_ms.is_some_and(|end| at <= end)
            });
            ensure!(
                in_time,
                "S1: {lock} opened at {at} without an unlock that had not expired"
            );
        }
        Ok(())
    }

    /// Each opening of a latch: the lock and the time in ms.
    fn openings(&self) -> Vec<(String, u64)> {
        let moves = self
            .lines
            .iter()
            .filter(|line| line["line"]["event"] == "latch");
        let opened = moves.filter(|line| line["line"]["latch"] == "unlocked");
        let openings = opened.filter_map(|line| {
            let lock = line["device"].as_str()?;
            Some((lock.to_owned(), line["atMs"].as_u64()?))
        });
        openings.collect()
    }
}

fn is_of(event: &Value, function: &str) -> bool {
    let name = event["function"].as_str().unwrap_or_default();
    name.ends_with(function)
}

fn sent_command(event: &Value) -> Option<SentCommand> {
    let lock = event["topic"].as_str()?.strip_prefix("remote-lock/")?;
    if lock.contains('/') {
        return None;
    }
    let command: Value = serde_json::from_str(event["payload"].as_str()?).ok()?;
    Some(SentCommand {
        lock: lock.to_owned(),
        id: command["commandId"].as_str()?.to_owned(),
        version: command["version"].as_u64()?,
        action: command["action"].as_str()?.to_owned(),
        expires_at_ms: command["expiresAt"].as_u64().map(|s| s * 1000),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: &[String]) -> Log {
        Log::parse(&lines.join("\n"))
    }

    fn cloud(kind: &str, rest: &str) -> String {
        format!(r#"{{"cloud":{{"kind":"{kind}",{rest}}}}}"#)
    }

    fn command(version: u64, id: &str, expires_at: u64) -> String {
        let payload = format!(
            r#"{{\"action\":\"unlock\",\"version\":{version},\"commandId\":\"{id}\",\"expiresAt\":{expires_at}}}"#
        );
        cloud(
            "published",
            &format!(r#""topic":"remote-lock/lock-1","payload":"{payload}""#),
        )
    }

    fn opened(at_ms: u64) -> String {
        format!(
            r#"{{"atMs":{at_ms},"device":"lock-1","line":{{"event":"latch","latch":"unlocked"}}}}"#
        )
    }

    #[test]
    fn a_broken_invariant_is_named() {
        let loops: Vec<String> = (0..=SENDS_MAX).map(|_| command(1, "a", 9)).collect();
        for (lines, expected) in [
            (vec![command(1, "a", 9), opened(8_000)], None),
            (vec![command(1, "a", 9), opened(9_001)], Some("S1")),
            (vec![opened(1)], Some("S1")),
            (vec![command(1, "a", 9), command(1, "b", 9)], Some("S3")),
            (loops, Some("S7")),
        ] {
            let found = log(&lines)
                .check_invariants()
                .err()
                .map(|error| error.to_string());
            let rule = found.as_deref().and_then(|text| text.get(..2));
            assert_eq!(rule, expected, "{lines:#?}");
        }
    }

    #[test]
    fn functions_are_idle_when_each_delivery_is_over() {
        const ID: &str = r#""requestId":"r","function":"s-F""#;
        let failed = || cloud("completed", &format!(r#"{ID},"outcome":"died""#));
        let ok = || cloud("completed", &format!(r#"{ID},"outcome":"ok""#));
        let event = |kind| cloud(kind, ID);
        let mut lines = Vec::new();
        for (line, is_idle) in [
            (event("invoked"), false),
            (failed(), false),
            (event("retrying"), false),
            (event("invoked"), false),
            (ok(), true),
            (event("invoked"), false),
            (event("invoked"), false),
            (ok(), false),
            (failed(), false),
            (event("givenUp"), true),
        ] {
            lines.push(line);
            assert_eq!(log(&lines).is_idle(), is_idle, "{lines:#?}");
        }
        assert_eq!(
            (log(&lines).successes("F"), log(&lines).given_up("F")),
            (2, 1)
        );
    }
}
