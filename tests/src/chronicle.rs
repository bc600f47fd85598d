//! What a stack has told: the lines of `lockctl local --log json`, and the invariants of the protocol that can be read off
//! them. It must not know which story is told.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use serde_json::Value;

/// More sends of one command than any story here can need: beyond them it is a loop (S7).
const SENDS_MAX: usize = 12;

/// All lines so far, oldest first.
#[derive(Debug, Clone)]
pub struct Chronicle {
    lines: Vec<Value>,
}

/// A command as it was published.
#[derive(Debug, Clone)]
struct Sent {
    lock: String,
    id: String,
    version: u64,
    action: String,
    expires_at_ms: Option<u64>,
}

impl Chronicle {
    /// Takes the lines that are JSON and whole; the last one may still be on its way.
    pub fn read(log: &str) -> Chronicle {
        let lines = log
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        Chronicle {
            lines: lines.collect(),
        }
    }

    fn cloud<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        let events = self.lines.iter().map(|line| &line["cloud"]);
        events.filter(move |event| event["kind"] == kind)
    }

    /// How often a fault has struck.
    pub fn strikes(&self, fault: &str) -> usize {
        let struck = self.cloud("faultInjected");
        struck.filter(|event| event["fault"] == fault).count()
    }

    /// What the function of this logical id has logged as JSON, oldest first.
    pub fn logged(&self, function: &str) -> Vec<Value> {
        let lines = self.cloud("functionLog").filter(|e| is_of(e, function));
        let texts = lines.filter_map(|event| event["line"].as_str());
        texts
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// How many different commands were published to a lock.
    pub fn commands(&self, lock: &str) -> usize {
        let sent = self.cloud("published").filter_map(sent);
        let versions = sent.filter(|command| command.lock == lock);
        let versions: BTreeSet<(u64, String)> = versions
            .map(|command| (command.version, command.id))
            .collect();
        versions.len()
    }

    /// How often the function of this logical id has ended an attempt well.
    pub fn successes(&self, function: &str) -> usize {
        let ended = self.cloud("completed");
        ended
            .filter(|event| is_of(event, function) && event["outcome"] == "ok")
            .count()
    }

    /// How many events of the function of this logical id were given up.
    pub fn given_up(&self, function: &str) -> usize {
        let given_up = self.cloud("givenUp");
        given_up.filter(|event| is_of(event, function)).count()
    }

    /// How the attempts of the function of this logical id have failed, oldest first.
    pub fn errors(&self, function: &str) -> Vec<&str> {
        let ended = self.cloud("completed").filter(|e| is_of(e, function));
        let outcomes = ended.filter_map(|event| event["outcome"].as_str());
        outcomes.filter(|outcome| *outcome != "ok").collect()
    }

    /// What the function of this logical id has logged as JSON, oldest first.
    pub fn log_of(&self, function: &str) -> Vec<Value> {
        let lines = self.cloud("functionLog").filter(|e| is_of(e, function));
        let texts = lines.filter_map(|event| event["line"].as_str());
        texts
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// How often a process was started for the function of this logical id.
    pub fn cold_starts(&self, function: &str) -> usize {
        let invoked = self.cloud("invoked").filter(|e| is_of(e, function));
        invoked.filter(|event| event["cold"] == true).count()
    }

    /// What was taken up while all ran, each time by name, oldest first.
    pub fn reloads(&self) -> Vec<&Value> {
        self.cloud("reloaded")
            .map(|event| &event["changed"])
            .collect()
    }

    /// What was said of changed sources and programs, oldest first.
    pub fn changes(&self) -> Vec<&str> {
        let lines = self.lines.iter();
        lines.filter_map(|line| line["change"].as_str()).collect()
    }

    /// Why changes were not taken up, oldest first.
    pub fn refused_reloads(&self) -> Vec<&str> {
        let refused = self.cloud("reloadRefused");
        refused
            .filter_map(|event| event["reason"].as_str())
            .collect()
    }

    /// How long each unlock that was published had to live when it was, oldest first.
    pub fn unlock_lives_ms(&self) -> Vec<u64> {
        let lives = self.cloud("published").filter_map(|event| {
            let command = sent(event).filter(|command| command.action == "unlock")?;
            Some(command.expires_at_ms? - event["at_ms"].as_u64()?)
        });
        lives.collect()
    }

    /// Whether no function is at work on a message, and none waits for another attempt. Sweeps do not count: on a busy machine
    /// one begins before the last has ended.
    pub fn is_quiet(&self) -> bool {
        // By request id: deliveries that are not over, and attempts that are to come.
        let mut open: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for event in self.lines.iter().map(|line| &line["cloud"]) {
            let Some(id) = event["requestId"].as_str() else {
                continue;
            };
            if is_of(event, "SweepFunction") {
                continue;
            }
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

    /// Asserts S1, S3 and S7 over everything told so far.
    pub fn check(&self) -> Result<()> {
        let sent: Vec<Sent> = self.cloud("published").filter_map(sent).collect();
        let mut by_version: BTreeMap<(&str, u64), &str> = BTreeMap::new();
        let mut sends: BTreeMap<&str, usize> = BTreeMap::new();
        for command in &sent {
            let known = by_version
                .entry((&command.lock, command.version))
                .or_insert(&command.id);
            ensure!(
                *known == command.id,
                "S3: version {} has two commands, {known} and {}",
                command.version,
                command.id
            );
            let count = sends.entry(&command.id).or_default();
            *count += 1;
            ensure!(
                *count <= SENDS_MAX,
                "S7: {} was sent {count} times",
                command.id
            );
        }
        for (lock, at) in self.openings() {
            let in_time = sent.iter().any(|command| {
                command.lock == lock
                    && command.action == "unlock"
                    && command.expires_at_ms.is_some_and(|end| at <= end)
            });
            ensure!(
                in_time,
                "S1: {lock} opened at {at} by no unlock that was still alive"
            );
        }
        Ok(())
    }

    /// When a latch has moved to unlocked, and whose.
    fn openings(&self) -> Vec<(String, u64)> {
        let opened = self
            .lines
            .iter()
            .filter(|line| line["line"]["event"] == "latch" && line["line"]["latch"] == "unlocked");
        opened
            .filter_map(|line| {
                let lock = line["device"].as_str()?;
                Some((lock.to_owned(), line["atMs"].as_u64()?))
            })
            .collect()
    }
}

fn is_of(event: &Value, function: &str) -> bool {
    let name = event["function"].as_str().unwrap_or_default();
    name.ends_with(function)
}

fn sent(event: &Value) -> Option<Sent> {
    let lock = event["topic"].as_str()?.strip_prefix("remote-lock/")?;
    if lock.contains('/') {
        return None;
    }
    let command: Value = serde_json::from_str(event["payload"].as_str()?).ok()?;
    Some(Sent {
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

    fn told(lines: &[String]) -> Chronicle {
        Chronicle::read(&lines.join("\n"))
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
            let found = told(&lines).check().err().map(|error| error.to_string());
            let rule = found.as_deref().and_then(|text| text.get(..2));
            assert_eq!(rule, expected, "{lines:#?}");
        }
    }

    #[test]
    fn functions_are_quiet_when_each_delivery_is_over() {
        const ID: &str = r#""requestId":"r","function":"s-F""#;
        let failed = || cloud("completed", &format!(r#"{ID},"outcome":"died""#));
        let ok = || cloud("completed", &format!(r#"{ID},"outcome":"ok""#));
        let event = |kind| cloud(kind, ID);
        let mut lines = Vec::new();
        for (line, is_quiet) in [
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
            assert_eq!(told(&lines).is_quiet(), is_quiet, "{lines:#?}");
        }
        assert_eq!(
            (told(&lines).successes("F"), told(&lines).given_up("F")),
            (2, 1)
        );
    }
}
