//! What a press does: read the binding once, read the record or predict it, one transaction, one
//! message. With `BENCH_CALLS=0` the message alone: the unavoidable part.
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

/// What is kept of a button between two presses.
struct Known {
    lock: String,
    revision: Value,
    state: &'static str,
    version: u64,
}

pub struct Peer {
    dynamodb: Line,
    iot: Line,
    table: String,
    /// Calls of a warm press: 3 reads the record, 2 predicts it, 0 publishes only.
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
            calls: read("BENCH_CALLS")?.parse().context("read BENCH_CALLS")?,
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
        let event: Value = serde_json::from_slice(event).context("read the event")?;
        let button = text(&event, "button")?.to_owned();
        let payload = STANDARD.decode(text(&event, "payload")?)?;
        let press: Value = serde_json::from_slice(&payload).context("read the payload")?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let now_ms = u64::try_from(now.as_millis())?;
        if self.calls == 0 {
            let lock = button.replace("button", "lock");
            self.publish(&lock, &wire("unlock", now_ms, &event)).await?;
            return Ok(json!({"button": button}));
        }
        if !self.known.contains_key(&button) {
            let read = self.read_binding(&button).await?;
            self.known.insert(button.clone(), read);
        }
        // Without a note of the last press nothing can be predicted.
        if self.calls == 3 || self.known[&button].version == 0 {
            let lock = self.known[&button].lock.clone();
            let record = self.read(&format!("lock#{lock}"), "record").await?;
            let known = self.known.get_mut(&button).context("find the button")?;
            known.version = number(&record["version"])?;
            known.state = latch(record["state"]["S"].as_str());
        }
        let known = &self.known[&button];
        let action = if known.state == "locked" {
            "unlock"
        } else {
            "lock"
        };
        let version = now_ms.max(known.version + 1);
        let body = transaction(&self.table, &button, known, action, version, &event, &press);
        let lock = known.lock.clone();
        self.call("TransactWriteItems", &body).await?;
        self.publish(&lock, &wire(action, version, &event)).await?;
        let known = self.known.get_mut(&button).context("find the button")?;
        known.version = version;
        known.state = if action == "lock" {
            "locked"
        } else {
            "unlocked"
        };
        Ok(json!({"button": button, "lock": lock, "action": action, "version": version}))
    }

    async fn read_binding(&mut self, button: &str) -> Result<Known> {
        let item = self.read(&format!("button#{button}"), "binding").await?;
        if item["enabled"]["BOOL"] != true {
            bail!("button {button} is not enabled");
        }
        let last = &item["lastPress"]["M"];
        let is_unlock = last["action"]["S"] == "unlock";
        Ok(Known {
            lock: text(&item["lock"], "S")?.to_owned(),
            revision: item["revision"].clone(),
            state: if is_unlock { "unlocked" } else { "locked" },
            version: number(&last["version"]).unwrap_or_default(),
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

/// The three writes of a press.
fn transaction(
    table: &str,
    button: &str,
    known: &Known,
    action: &str,
    version: u64,
    event: &Value,
    press: &Value,
) -> Value {
    let (press_id, received) = (&event["pressId"], &event["receivedAt"]);
    let s = |text: &str| json!({ "S": text });
    let n = |number: &Value| json!({ "N": number.to_string() });
    let version_n = json!({ "N": version.to_string() });
    let pk = format!("lock#{}", known.lock);
    let note = json!({"M": {"at": n(received), "pressId": {"S": press_id},
        "sequence": n(&press["sequence"]), "version": version_n, "action": s(action)}});
    let command = json!({"M": {"action": s(action), "attempts": {"N": "1"}, "id": {"S": press_id},
        "createdAt": version_n, "nextSendAt": version_n,
        "cause": {"M": {"kind": s("button"), "button": s(button)}}}});
    let sk = format!("event#{received}#{}", press_id.as_str().unwrap_or_default());
    json!({"TransactItems": [
        {"Update": {"TableName": table,
            "Key": {"pk": s(&format!("button#{button}")), "sk": s("binding")},
            "UpdateExpression": "SET lastPress = :p",
            "ConditionExpression": "revision = :r",
            "ExpressionAttributeValues": {":p": note, ":r": known.revision}}},
        {"Update": {"TableName": table, "Key": {"pk": s(&pk), "sk": s("record")},
            "UpdateExpression":
                "SET version = :n, #s = :p, command = :c, dueShard = :h, dueAt = :n",
            "ConditionExpression": "version = :v AND #s = :t AND #l = :l",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            "ExpressionAttributeNames": {"#s": "status", "#l": "state"},
            "ExpressionAttributeValues": {":n": version_n, ":p": s("pending"), ":c": command,
                ":h": s("7"), ":v": {"N": known.version.to_string()}, ":t": s("settled"),
                ":l": s(known.state)}}},
        {"Put": {"TableName": table, "Item": {"pk": s(&pk), "sk": s(&sk), "kind": s("press"),
            "key": {"S": press_id}, "at": n(received), "button": s(button), "click": s("SINGLE"),
            "intent": s("toggle"), "decision": s("command"), "reason": s("pressed"),
            "action": s(action), "version": version_n, "commandId": {"S": press_id},
            "sequence": n(&press["sequence"]), "principal": {"S": event["principal"]},
            "ttl": {"N": (version / 1000 + 7_776_000).to_string()},
            "subject": {"M": {"lock": s(&known.lock)}}}}}
    ]})
}

fn wire(action: &str, version: u64, event: &Value) -> Value {
    let issued = version / 1000;
    json!({"v": 1, "action": action, "version": version, "commandId": event["pressId"],
        "issuedAt": issued, "expiresAt": issued + 30})
}

fn latch(state: Option<&str>) -> &'static str {
    if state == Some("locked") {
        "locked"
    } else {
        "unlocked"
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
