//! The items: a button bound to a lock. The binding keeps what was written to it, as a press notes
//! itself there. The record is what a command leaves once its device has answered: settled, with
//! the command's version and the latch that it wants.
//!
//! Must not know: HTTP. Of the record's condition only the version and the latch are compared: a
//! transaction that was decided on anything but this record is wrong.

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};

use super::message::TABLE;

/// Version of the command before the first press.
const FIRST_VERSION: u64 = 1_795_913_548_472;
const LOCK: &str = "lock-1";
pub const BUTTON: &str = "button-1";

/// The items, and the command of the last transaction.
pub struct Table {
    binding: Value,
    /// The command that the lock has executed last.
    executed: Written,
    /// The command that must now be published.
    last: Option<Written>,
}

/// A command as a transaction committed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub lock: String,
    pub action: String,
    pub version: u64,
}

impl Default for Table {
    fn default() -> Self {
        let binding = json!({
            "pk": {"S": format!("button#{BUTTON}")}, "sk": {"S": "binding"},
            "button": {"S": BUTTON}, "lock": {"S": LOCK}, "enabled": {"BOOL": true},
            "revision": {"N": "1795913541124"}, "boundAt": {"N": "1763779512345"},
            "batteryMv": {"N": "3300"},
            "actions": {"M": {"SINGLE": {"S": "toggle"}, "LONG": {"S": "unlock"},
                "DOUBLE": {"S": "lock"}}},
        });
        Self {
            binding,
            executed: Written {
                lock: LOCK.to_owned(),
                action: "lock".to_owned(),
                version: FIRST_VERSION,
            },
            last: None,
        }
    }
}

impl Table {
    /// The item with this key.
    pub fn item(&self, key: &Value) -> Result<Value> {
        match (text(&key["pk"])?, text(&key["sk"])?) {
            (pk, "binding") if pk == format!("button#{BUTTON}") => Ok(self.binding.clone()),
            (pk, "record") if pk == format!("lock#{LOCK}") => Ok(record(&self.executed)),
            (pk, sk) => anyhow::bail!("a press does not read {pk} {sk}"),
        }
    }

    /// The command that must now be published; only once.
    pub fn last_written(&mut self) -> Result<Written> {
        let last = self.last.take();
        last.context("a publish without a transaction before it")
    }

    /// As if a transaction had committed this command.
    #[cfg(test)]
    pub fn set_last(&mut self, action: &str, version: u64) {
        self.last = Some(Written {
            lock: LOCK.to_owned(),
            action: action.to_owned(),
            version,
        });
    }

    /// Checks a press's transaction: note in the binding, command in the record, history line.
    pub fn write(&mut self, body: &Value) -> Result<()> {
        let items = body["TransactItems"].as_array().context("no items")?;
        let (mut note, mut command, mut line) = (None, None, None);
        for item in items {
            let write = item.get("Update").or(item.get("Put"));
            let write = write.context("a press updates and puts")?;
            ensure!(write["TableName"] == TABLE, "a write to another table");
            let key = write.get("Key").unwrap_or(&write["Item"]);
            match text(&key["sk"])? {
                "binding" => note = Some(write),
                "record" => command = Some(write),
                sk if sk.starts_with("event#") => line = Some(&write["Item"]),
                sk => anyhow::bail!("a press does not write {sk}"),
            }
        }
        let note = sets(note.context("the binding is not noted")?)?;
        ensure!(
            note.contains_key("lastPress"),
            "the binding has no last press"
        );
        let command = command.context("the record is not written")?;
        self.check_condition(command)?;
        let command = sets(command)?;
        let line = line.context("no line of the history")?;
        let wanted = Written {
            lock: LOCK.to_owned(),
            action: text(&command["command"]["M"]["action"])?.to_owned(),
            version: number(&command["version"])?,
        };
        ensure!(
            text(&command["status"])? == "pending",
            "the record is not pending"
        );
        let found = (text(&line["action"])?, number(&line["version"])?);
        ensure!(
            found == (&wanted.action, wanted.version),
            "line of another command: {line}"
        );
        for (name, value) in note {
            self.binding[name.as_str()] = value;
        }
        self.executed = wanted.clone();
        self.last = Some(wanted);
        Ok(())
    }

    /// The command must be decided on the record as it is: read, or predicted rightly.
    fn check_condition(&self, update: &Value) -> Result<()> {
        let executed = &self.executed;
        let wanted = [
            json!({"N": executed.version.to_string()}),
            json!({"S": latch(&executed.action)}),
        ];
        let values = update["ExpressionAttributeValues"].as_object();
        let values = values.context("the record is written without a value")?;
        for wanted in wanted {
            let is_named = values.values().any(|value| *value == wanted);
            ensure!(is_named, "decided on another record, not on {wanted}");
        }
        Ok(())
    }
}

/// The latch as an action wants it.
fn latch(action: &str) -> &'static str {
    match action {
        "unlock" => "unlocked",
        _ => "locked",
    }
}

/// What an update sets, by attribute. It must have a condition.
fn sets(update: &Value) -> Result<Map<String, Value>> {
    let condition = update["ConditionExpression"].as_str().unwrap_or_default();
    ensure!(!condition.is_empty(), "an update without a condition");
    let expression = update["UpdateExpression"]
        .as_str()
        .context("no expression")?;
    let sets = expression
        .trim()
        .strip_prefix("SET ")
        .context("an update that sets nothing")?;
    let mut found = Map::new();
    for set in sets.split(',') {
        let (name, value) = set.split_once('=').context("a set without a value")?;
        let (name, value) = (name.trim(), value.trim());
        let real = update["ExpressionAttributeNames"][name].as_str();
        let real = real.unwrap_or(name).to_owned();
        let value = update["ExpressionAttributeValues"].get(value);
        let value = value.with_context(|| format!("{name} has no value"))?;
        found.insert(real, value.clone());
    }
    Ok(found)
}

fn record(executed: &Written) -> Value {
    let action = executed.action.as_str();
    let version = json!({"N": executed.version.to_string()});
    let latch = latch(action);
    json!({
        "pk": {"S": format!("lock#{LOCK}")}, "sk": {"S": "record"}, "lock": {"S": LOCK},
        "version": version, "state": {"S": latch}, "status": {"S": "settled"},
        "boundAt": {"N": "1795913546402"}, "dueAt": {"N": "1795915648553"}, "dueShard": {"S": "7"},
        "command": {"M": {"action": {"S": action}, "attempts": {"N": "1"},
            "cause": {"M": {"kind": {"S": "system"}, "reason": {"S": "revoked"}}},
            "createdAt": version, "id": {"S": "3PBXM2HZF8C4QSYZR9A91DAGVC"},
            "nextSendAt": {"N": "1795913549472"}}},
        "reported": {"M": {"at": {"N": "1795913548553"}, "bootCount": {"N": "1"},
            "clock": {"S": "synced"}, "clockUncertaintyMs": {"N": "1007"},
            "commandId": {"S": "3PBXM2HZF8C4QSYZR9A91DAGVC"}, "firmware": {"S": "2.0.0"},
            "lock": {"S": latch}, "pulseMs": {"N": "0"}, "relockMs": {"N": "0"},
            "reportId": {"S": "1-7-3065843383"}, "result": {"S": "executed"},
            "rssi": {"N": "-61"}, "settings": {"S": "stated"}, "shadowAt": {"N": "1795913548"},
            "shadowVersion": {"N": "7"}, "source": {"S": "remote"},
            "version": version}},
    })
}

fn text(value: &Value) -> Result<&str> {
    value["S"]
        .as_str()
        .with_context(|| format!("not a text: {value}"))
}

fn number(value: &Value) -> Result<u64> {
    let text = value["N"]
        .as_str()
        .with_context(|| format!("not a number: {value}"))?;
    text.parse().context("read a number")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transaction(action: &str, condition: &str) -> Value {
        let n = json!({"N": "5"});
        let first = json!({"N": FIRST_VERSION.to_string()});
        json!({"TransactItems": [
            {"Update": {"TableName": TABLE, "ConditionExpression": condition,
                "Key": {"pk": {"S": "button#button-1"}, "sk": {"S": "binding"}},
                "UpdateExpression": "SET #lastPress = :v0 ",
                "ExpressionAttributeNames": {"#lastPress": "lastPress"},
                "ExpressionAttributeValues": {":v0": {"M": {"at": n}}}}},
            {"Update": {"TableName": TABLE, "ConditionExpression": condition,
                "Key": {"pk": {"S": "lock#lock-1"}, "sk": {"S": "record"}},
                "UpdateExpression": "SET version = :a, status = :b, command = :c",
                "ExpressionAttributeValues": {":a": n, ":b": {"S": "pending"}, ":v": first,
                    ":s": {"S": "locked"}, ":c": {"M": {"action": {"S": "unlock"}}}}}},
            {"Put": {"TableName": TABLE, "Item": {"pk": {"S": "lock#lock-1"},
                "sk": {"S": "event#1#k"}, "action": {"S": action}, "version": n}}},
        ]})
    }

    #[test]
    fn a_transaction_is_one_command_with_its_conditions() {
        let mut table = Table::default();
        table
            .write(&transaction("unlock", "revision = :r"))
            .unwrap();
        assert_eq!(table.binding["lastPress"], json!({"M": {"at": {"N": "5"}}}));
        let written = table.last_written().unwrap();
        assert_eq!((written.action.as_str(), written.version), ("unlock", 5));
        assert!(table.last_written().is_err(), "published twice");
        let again = table.write(&transaction("unlock", "revision = :r"));
        let text = again.unwrap_err().to_string();
        assert!(text.starts_with("decided on another record"), "{text}");

        let cases = [
            ("lock", "revision = :r", "line of another command"),
            ("unlock", "", "an update without a condition"),
        ];
        for (action, condition, wanted) in cases {
            let mut table = Table::default();
            let error = table.write(&transaction(action, condition)).unwrap_err();
            assert!(error.to_string().starts_with(wanted), "{error}");
        }
    }
}
