//! What a press does: read the binding once, read the record or predict it, one transaction, one
//! message. With `BENCH_CALLS=0` the message alone.
//!
//! Must not know: how a request is sent.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use aws_credential_types::Credentials;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use serde_json::{Value, json};

use crate::line::{Line, Signer};

/// Life of an unlock in ms.
const TTL_MS: u64 = 30_000;

/// What is kept of a button between two presses.
struct Known {
    lock: String,
    revision: Value,
    /// What each click asks for.
    actions: Value,
    /// The record as read, or as the last command will have left it; at version 0 it must be read.
    version: u64,
    status: String,
    state: String,
}

/// A press as the rule delivers it.
struct Press {
    button: String,
    /// The event, and the button's own words in it.
    event: Value,
    payload: Value,
    now_ms: u64,
}

/// A command that is in the table.
struct Command {
    lock: String,
    action: &'static str,
    version: u64,
}

pub struct Peer {
    dynamodb: Line,
    iot: Line,
    table: String,
    /// Calls of a warm press: 3 reads the record, 2 predicts it, 0 publishes only. Without the
    /// variable, as in the product's template, 2.
    calls: u32,
    known: HashMap<String, Known>,
}

impl Peer {
    pub fn from_env() -> Result<Self> {
        let read = |name: &str| std::env::var(name).with_context(|| format!("read {name}"));
        let (id, secret) = (read("AWS_ACCESS_KEY_ID")?, read("AWS_SECRET_ACCESS_KEY")?);
        let token = std::env::var("AWS_SESSION_TOKEN").ok();
        let credentials = Credentials::from_keys(id, secret, token);
        let region = read("AWS_REGION")?;
        let line = |url: &str, service| {
            let (credentials, region) = (credentials.clone(), region.clone());
            let signer = Signer {
                credentials,
                region,
                service,
            };
            Line::new(&read(url)?, Some(signer))
        };
        Ok(Self {
            dynamodb: line("AWS_ENDPOINT_URL_DYNAMODB", "dynamodb")?,
            iot: line("AWS_ENDPOINT_URL_IOT_DATA_PLANE", "iotdata")?,
            table: std::env::var("TABLE_NAME").unwrap_or_default(),
            calls: match std::env::var("BENCH_CALLS") {
                Ok(calls) => calls.parse().context("read BENCH_CALLS")?,
                Err(_) => 2,
            },
            known: HashMap::new(),
        })
    }

    /// Opens both connections at once; one that fails is opened again by the first event.
    pub async fn open(&mut self) {
        let (dynamodb, iot) = (&mut self.dynamodb, &mut self.iot);
        if self.calls == 0 {
            let _ = iot.open().await;
        } else {
            let _ = tokio::join!(dynamodb.open(), iot.open());
        }
    }

    /// Does a press; returns what it did, for the log.
    pub async fn press(&mut self, event: &[u8]) -> Result<Value> {
        let press = Press::parse(event)?;
        let button = press.button.as_str();
        if self.calls == 0 {
            let lock = button.replace("button", "lock");
            self.publish(&lock, &press.wire("unlock", press.now_ms)?)
                .await?;
            return Ok(json!({"button": button}));
        }
        let command = match self.commit(&press).await {
            // The record is not as predicted: nothing is written, and the next attempt reads it.
            Err(error) if error.to_string().contains("TransactionCanceledException") => {
                let known = self.known.get_mut(button).context("find the button")?;
                known.version = 0;
                self.commit(&press).await?
            }
            outcome => outcome?,
        };
        let Command {
            lock,
            action,
            version,
        } = command;
        self.publish(&lock, &press.wire(action, version)?).await?;
        Ok(json!({"button": button, "lock": lock, "action": action, "version": version}))
    }

    /// Decides on what is known of the record, and writes all or nothing.
    async fn commit(&mut self, press: &Press) -> Result<Command> {
        let button = &press.button;
        if !self.known.contains_key(button) {
            let read = self.read_binding(button).await?;
            self.known.insert(button.clone(), read);
        }
        // Without a note of the last press nothing can be predicted.
        if self.calls == 3 || self.known[button].version == 0 {
            let lock = format!("lock#{}", self.known[button].lock);
            let record = self.read(&lock, "record").await?;
            let known = self.known.get_mut(button).context("find the button")?;
            known.version = number(&record["version"])?;
            text(&record["status"], "S")?.clone_into(&mut known.status);
            text(&record["state"], "S")?.clone_into(&mut known.state);
        }
        let known = &self.known[button];
        let action = match known.intent(press)? {
            "lock" => "lock",
            "toggle" if known.state != "locked" => "lock",
            _ => "unlock",
        };
        let version = press.now_ms.max(known.version + 1);
        let body = transaction(&self.table, known, action, version, press)?;
        self.call("TransactWriteItems", &body).await?;
        let known = self.known.get_mut(button).context("find the button")?;
        known.version = version;
        "settled".clone_into(&mut known.status);
        latch(action).clone_into(&mut known.state);
        Ok(Command {
            lock: known.lock.clone(),
            action,
            version,
        })
    }

    async fn read_binding(&mut self, button: &str) -> Result<Known> {
        let item = self.read(&format!("button#{button}"), "binding").await?;
        if item["enabled"]["BOOL"] != true {
            bail!("button {button} is not enabled");
        }
        let last = &item["lastPress"]["M"]["command"]["M"];
        Ok(Known {
            lock: text(&item["lock"], "S")?.to_owned(),
            revision: item["revision"].clone(),
            actions: item["actions"]["M"].clone(),
            version: number(&last["version"]).unwrap_or_default(),
            status: "settled".to_owned(),
            state: latch(last["action"]["S"].as_str().unwrap_or_default()).to_owned(),
        })
    }

    async fn read(&mut self, pk: &str, sk: &str) -> Result<Value> {
        let body = json!({"TableName": self.table, "ConsistentRead": true,
            "Key": {"pk": {"S": pk}, "sk": {"S": sk}}});
        let answer = self.call("GetItem", &body).await?;
        Ok(answer["Item"].clone())
    }

    async fn call(&mut self, operation: &str, body: &Value) -> Result<Value> {
        let target = format!("DynamoDB_20120810.{operation}");
        let headers = [
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", target.as_str()),
        ];
        let body = body.to_string().into_bytes();
        let answer = self
            .dynamodb
            .send(Method::POST, "/", &headers, body)
            .await?;
        serde_json::from_slice(&answer.body).context("read the answer of DynamoDB")
    }

    async fn publish(&mut self, lock: &str, command: &Value) -> Result<()> {
        let path = format!("/topics/remote-lock%2F{lock}?qos=1");
        let body = command.to_string().into_bytes();
        self.iot.send(Method::POST, &path, &[], body).await?;
        Ok(())
    }
}

impl Press {
    fn parse(event: &[u8]) -> Result<Self> {
        let event: Value = serde_json::from_slice(event).context("read the event")?;
        let payload = STANDARD.decode(text(&event, "payload")?)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        Ok(Self {
            button: text(&event, "button")?.to_owned(),
            payload: serde_json::from_slice(&payload).context("read the payload")?,
            now_ms: u64::try_from(now.as_millis())?,
            event,
        })
    }

    /// When an unlock of this press expires.
    fn expires_ms(&self) -> Result<u64> {
        let received = self.event["receivedAt"].as_u64();
        Ok(received.context("no number receivedAt")? + TTL_MS)
    }

    /// The message for the lock.
    fn wire(&self, action: &str, version: u64) -> Result<Value> {
        let mut wire = json!({"v": 1, "action": action, "version": version,
            "commandId": self.event["pressId"], "issuedAt": self.now_ms / 1000});
        if action == "unlock" {
            wire["expiresAt"] = json!(self.expires_ms()? / 1000);
        }
        Ok(wire)
    }
}

impl Known {
    /// What the click asks for.
    fn intent(&self, press: &Press) -> Result<&str> {
        let click = text(&press.payload, "clickType")?;
        text(&self.actions[click], "S")
    }
}

/// The three writes of a press.
fn transaction(
    table: &str,
    known: &Known,
    action: &str,
    version: u64,
    press: &Press,
) -> Result<Value> {
    let (event, payload, button) = (&press.event, &press.payload, &press.button);
    let (press_id, received) = (text(event, "pressId")?, &event["receivedAt"]);
    let s = |text: &str| json!({ "S": text });
    let n = |number: u64| json!({ "N": number.to_string() });
    let (at, sequence) = (
        json!({ "N": received.to_string() }),
        json!({ "N": payload["sequence"].to_string() }),
    );
    let pk = format!("lock#{}", known.lock);
    let note = json!({"M": {"at": at, "pressId": s(press_id), "sequence": sequence,
        "command": {"M": {"version": n(version), "action": s(action)}}}});
    let again = n(press.now_ms + 1_000);
    let mut command = json!({"action": s(action), "attempts": n(1), "id": s(press_id),
        "createdAt": n(press.now_ms), "nextSendAt": again,
        "cause": {"M": {"kind": s("button"), "button": s(button)}}});
    if action == "unlock" {
        command["expiresAt"] = n(press.expires_ms()?);
    }
    let sk = format!("event#{received}#{press_id}");
    Ok(json!({"TransactItems": [
        {"Update": {"TableName": table,
            "Key": {"pk": s(&format!("button#{button}")), "sk": s("binding")},
            "UpdateExpression": "SET lastPress = :p",
            "ConditionExpression": "revision = :r",
            "ExpressionAttributeValues": {":p": note, ":r": known.revision}}},
        {"Update": {"TableName": table, "Key": {"pk": s(&pk), "sk": s("record")},
            "UpdateExpression": "SET version = :n, #s = :p, command = :c, dueAt = :d",
            "ConditionExpression": "version = :v AND #s = :t AND #l = :l",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            "ExpressionAttributeNames": {"#s": "status", "#l": "state"},
            "ExpressionAttributeValues": {":n": n(version), ":p": s("pending"),
                ":c": {"M": command}, ":d": again, ":v": n(known.version),
                ":t": s(&known.status), ":l": s(&known.state)}}},
        {"Put": {"TableName": table, "Item": {"pk": s(&pk), "sk": s(&sk), "kind": s("press"),
            "key": s(press_id), "at": at, "button": s(button),
            "click": s(text(payload, "clickType")?), "intent": s(known.intent(press)?),
            "decision": s("command"), "reason": s("pressed"), "action": s(action),
            "version": n(version), "commandId": s(press_id), "sequence": sequence,
            "principal": s(text(event, "principal")?),
            "ttl": n(press.now_ms / 1000 + 7_776_000),
            "subject": {"M": {"lock": s(&known.lock)}}}}}
    ]}))
}

/// The latch as an action leaves it.
fn latch(action: &str) -> &'static str {
    match action {
        "unlock" => "unlocked",
        _ => "locked",
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value[name]
        .as_str()
        .with_context(|| format!("no text {name}"))
}

fn number(value: &Value) -> Result<u64> {
    let text = value["N"].as_str().context("no number")?;
    text.parse().context("read a number")
}
