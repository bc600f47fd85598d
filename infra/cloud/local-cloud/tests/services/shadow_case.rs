//! Every case of `tests/vectors/shadow-cases.json` against running services, over MQTT and over
//! REST.
//!
//! Shadows are put into the data directory before the start, in the state that the case begins
//! with; the steps before the case's clock advances are applied there, too. Nothing waits for
//! silence: a later read on the same connection is answered after everything before it. Must not
//! know: rules that are not in the cases.

use std::time::{SystemTime, UNIX_EPOCH};

use iot_shadow::{Name, Operation, ShadowCore};
use local_cloud::LocalCloud;
use rumqttc_v4::PublishOptions;
use serde_json::{Value, json};

use crate::world::{Answer, Client, options, rest, thing};
use shadow_cases::{Setting, matches, payload, strings};

/// Cases that apply to MQTT only.
const MQTT_ONLY: [(&str, &str); 5] = [
    (
        "eleventh_in_flight_request_429",
        "REST has no connection that requests queue on; tested in `shadow`",
    ),
    (
        "last_will_on_shadow_topic_is_ignored",
        "REST has no will; tested in `shadow`",
    ),
    (
        "get_missing_shadow_404_echoes_client_token",
        "a GET has no body to put a token in",
    ),
    (
        "get_echoes_client_token",
        "a GET has no body to put a token in",
    ),
    (
        "delete_echoes_client_token",
        "a DELETE has no body to put a token in",
    ),
];
/// Cases that apply to REST only.
const REST_ONLY: [(&str, &str); 3] = [
    (
        "rest_update_also_publishes_mqtt",
        "it distinguishes REST's answer from the messages",
    ),
    (
        "rest_get_missing_404",
        "it distinguishes REST's answer from the messages",
    ),
    (
        "rest_retain_on_reserved_topic_refused",
        "over MQTT the connection ends; tested in `shadow`",
    ),
];
/// Cases with separate tests, because they need more than a request.
const SEPARATE: [&str; 3] = [
    "eleventh_in_flight_request_429",
    "last_will_on_shadow_topic_is_ignored",
    "rest_retain_on_reserved_topic_refused",
];

const SENTINEL: &str = "the read that ends the case";

fn is_left_out(case: &Value, table: &[(&str, &str)]) -> bool {
    let is_named = |name: &str| case["name"] == name;
    table.iter().any(|(name, _)| is_named(name)) || SEPARATE.iter().any(|name| is_named(name))
}

fn now_s() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.expect("the clock is right").as_secs()
}

/// A case being run.
struct Run<'a> {
    case: &'a Value,
    name: Name,
    client: Client,
    setting: Setting,
    messages: Vec<(String, Value)>,
}

/// Puts the case's shadow into the data directory, after the steps before its clock advances.
fn seed(directory: &std::path::Path, case: &Value, name: &Name) {
    let document = case["initial"].clone();
    let core = json!({"document": document, "tombstone": null});
    let mut core: ShadowCore = serde_json::from_value(core).expect("a stored shadow");
    let (before, hours) = before_advance(case);
    for step in before {
        let operation = operation(step["topic"].as_str().expect("a topic"));
        core.handle(operation, &payload(step), name, now_s() - hours * 3600);
    }
    let full_name = format!(
        "{}~{}",
        name.thing,
        name.shadow.as_deref().unwrap_or_default()
    );
    let record = json!({"name": full_name, "value": {"name": name, "shadow": core}});
    let shelf = directory.join("shadows");
    std::fs::create_dir_all(&shelf).unwrap();
    let path = shelf.join(format!("{}.json", name.thing));
    std::fs::write(path, record.to_string()).unwrap();
}

/// The steps before the last advance of the clock, and by how many hours it advances.
fn before_advance(case: &Value) -> (&[Value], u64) {
    let steps = case["setup"].as_array().map_or(&[][..], Vec::as_slice);
    let advance = steps
        .iter()
        .rposition(|s| s["advance_clock_hours"].is_u64());
    match advance {
        Some(place) => (
            &steps[..place],
            steps[place]["advance_clock_hours"].as_u64().unwrap(),
        ),
        None => (&[], 0),
    }
}

fn steps_after_advance(case: &Value) -> Vec<Value> {
    let steps = case["setup"].as_array().cloned().unwrap_or_default();
    let advance = steps
        .iter()
        .rposition(|s| s["advance_clock_hours"].is_u64());
    steps[advance.map_or(0, |place| place + 1)..].to_vec()
}

fn operation(topic: &str) -> Operation {
    match topic {
        "get" | "GET /things/<thing>/shadow" => Operation::Get,
        "update" | "POST /things/<thing>/shadow" => Operation::Update,
        "delete" => Operation::Delete,
        other => panic!("{other} is not a request"),
    }
}

impl Run<'_> {
    async fn start<'a>(cloud: &LocalCloud, case: &'a Value, name: Name) -> Run<'a> {
        let certificate = thing(cloud, &name.thing);
        let mut client = Client::connect(cloud, &name.thing, &certificate).await;
        client.subscribe(&format!("{}/+/+", prefix(&name))).await;
        let setting = Setting {
            thing: name.thing.clone(),
            shadow: name.shadow.clone(),
            seconds: now_s()..=now_s(),
        };
        Run {
            case,
            name,
            client,
            setting,
            messages: Vec::new(),
        }
    }

    async fn publish(&self, suffix: &str, payload: Vec<u8>) {
        let topic = format!("{}/{suffix}", prefix(&self.name));
        let sent = self
            .client
            .mqtt
            .publish(topic, payload, PublishOptions::at_least_once());
        sent.await.unwrap();
    }

    async fn request_by_rest(&self, cloud: &LocalCloud, request: &Value) -> Answer {
        let method = match operation(request["topic"].as_str().expect("a topic")) {
            Operation::Get => "GET",
            Operation::Update => "POST",
            Operation::Delete => "DELETE",
        };
        let query = self.name.shadow.as_ref().map(|s| format!("?name={s}"));
        let line = format!(
            "{method} /things/{}/shadow{}",
            self.name.thing,
            query.unwrap_or_default()
        );
        let endpoint = cloud.endpoints().iot_data.clone();
        rest(cloud, &endpoint, &line, "", payload(request)).await
    }

    /// Reads the shadow, and collects the messages before the answer as effects of the request.
    async fn collect(&mut self, wrong: &mut Vec<String>) {
        let read = json!({"clientToken": SENTINEL}).to_string().into_bytes();
        self.publish("get", read).await;
        let shadow = loop {
            let (topic, body) = self.client.json().await;
            let suffix = topic
                .strip_prefix(&prefix(&self.name))
                .expect("its own topic");
            if body["clientToken"] == SENTINEL {
                break body;
            }
            self.messages.push((suffix[1..].to_owned(), body));
        };
        self.setting.seconds = *self.setting.seconds.start()..=now_s();
        for (key, value) in self.case["after_get"].as_object().into_iter().flatten() {
            if shadow[key] != *value {
                wrong.push(format!("afterwards {key} is {}, want {value}", shadow[key]));
            }
        }
    }

    fn message(&self, suffix: &str) -> Option<&Value> {
        let found = self.messages.iter().find(|(s, _)| s == suffix);
        found.map(|(_, body)| body)
    }

    fn check_message(&self, expected: &Value, wrong: &mut Vec<String>) {
        let suffix = expected["topic"].as_str().expect("a topic");
        let optional = strings(&expected["optional_keys"]);
        let actual = self.message(suffix);
        let fits = |a: &Value| matches(&self.setting, &expected["payload"], a, &optional);
        if !actual.is_some_and(fits) {
            wrong.push(format!("want {expected}\n   got {actual:?}"));
        }
    }

    /// Checks that no excluded message and no unlisted refusal was published.
    fn check_silence(&self, wrong: &mut Vec<String>) {
        let never = strings(&self.case["never"]);
        let expected = self.case["expected"].as_array().into_iter().flatten();
        let expected: Vec<&str> = expected.filter_map(|e| e["topic"].as_str()).collect();
        for (suffix, body) in &self.messages {
            let is_refusal = suffix.ends_with("/rejected") && !expected.contains(&suffix.as_str());
            if never.contains(suffix) || is_refusal {
                wrong.push(format!("unexpected {suffix} {body}"));
            }
        }
    }
}

fn prefix(name: &Name) -> String {
    match &name.shadow {
        None => format!("$aws/things/{}/shadow", name.thing),
        Some(shadow) => format!("$aws/things/{}/shadow/name/{shadow}", name.thing),
    }
}

fn expected(case: &Value) -> impl Iterator<Item = &Value> {
    case["expected"].as_array().into_iter().flatten()
}

async fn over_mqtt(cloud: &LocalCloud, case: &Value, name: Name) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut run = Run::start(cloud, case, name).await;
    for step in steps_after_advance(case) {
        let topic = step["topic"].as_str().expect("a topic");
        run.publish(topic, payload(&step)).await;
        run.client.json().await;
    }
    let request = &case["request"];
    let topic = request["topic"].as_str().expect("a topic");
    run.publish(topic, payload(request)).await;
    run.collect(&mut wrong).await;
    for expected in expected(case) {
        run.check_message(expected, &mut wrong);
    }
    run.check_silence(&mut wrong);
    wrong
}

async fn over_rest(cloud: &LocalCloud, case: &Value, name: Name) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut run = Run::start(cloud, case, name).await;
    for step in steps_after_advance(case) {
        run.request_by_rest(cloud, &step).await;
        run.client.json().await;
    }
    let answer = run.request_by_rest(cloud, &case["request"]).await;
    run.collect(&mut wrong).await;
    for expected in expected(case) {
        let topic = expected["topic"].as_str().unwrap_or_default();
        match topic.rsplit_once('/').map(|(_, kind)| kind) {
            Some("delta" | "documents") => run.check_message(expected, &mut wrong),
            // The answer that MQTT publishes is REST's answer.
            _ => check_answer(&run, expected, &answer, &mut wrong),
        }
    }
    if let Some(accepted) = run.message("update/accepted")
        && *accepted != answer.body
    {
        wrong.push(format!("published {accepted}, answered {answer:?}"));
    }
    let stray = run
        .messages
        .iter()
        .find(|(s, _)| s.ends_with("rejected") || s.starts_with("get"));
    if let Some(stray) = stray {
        wrong.push(format!("published {stray:?}, which stays on HTTP"));
    }
    wrong
}

fn check_answer(run: &Run<'_>, expected: &Value, answer: &Answer, wrong: &mut Vec<String>) {
    let body = &expected["payload"];
    let status = match (&expected["http"], &body["code"]) {
        (Value::Null, Value::Null) => 200,
        (Value::Null, code) => code.as_u64().expect("a code"),
        (status, _) => status.as_u64().expect("a status"),
    };
    let fits = if status == 200 {
        let optional = strings(&expected["optional_keys"]);
        matches(&run.setting, body, &answer.body, &optional)
    } else {
        matches(&run.setting, &body["message"], &answer.body["message"], &[])
            && answer.body["traceId"].is_string()
            && answer.head.contains("x-amzn-errortype: ")
    };
    if u64::from(answer.status) != status || !fits {
        wrong.push(format!("want {expected}\n   got {answer:?}"));
    }
}

/// The protocol of requests to a shadow.
#[derive(Clone, Copy)]
enum Protocol {
    Mqtt,
    Rest,
}

/// Runs all cases except `left_out`, each with its own thing; returns their number.
async fn run_all(cases: &[Value], left_out: &[(&str, &str)], protocol: Protocol) -> usize {
    let directory = tempfile::tempdir().unwrap();
    let mut runs = Vec::new();
    for (n, case) in (0..).zip(cases) {
        if !is_left_out(case, left_out) {
            let thing = format!("case-{n}");
            let shadow = case["shadow_name"].as_str().map(str::to_owned);
            let name = Name { thing, shadow };
            seed(directory.path(), case, &name);
            runs.push((case, name));
        }
    }
    let mut options = options();
    options.data_dir = Some(directory.path().to_owned());
    let cloud = LocalCloud::start(options).await.unwrap();
    let mut wrong = Vec::new();
    let count = runs.len();
    for (case, name) in runs {
        let differences = match protocol {
            Protocol::Mqtt => over_mqtt(&cloud, case, name).await,
            Protocol::Rest => over_rest(&cloud, case, name).await,
        };
        for difference in differences {
            wrong.push(format!("{}: {difference}", case["name"]));
        }
    }
    cloud.shutdown().await;
    let list = wrong.join("\n");
    assert!(wrong.is_empty(), "{} differ:\n{list}", wrong.len());
    count
}

// AWS cases(shadow): tests/vectors/shadow-cases.json
#[tokio::test]
async fn every_case_holds_over_mqtt() {
    let cases = shadow_cases::cases();
    let count = run_all(&cases, &REST_ONLY, Protocol::Mqtt).await;
    assert_eq!(count + REST_ONLY.len() + 2, cases.len());
}

// AWS cases(shadow): tests/vectors/shadow-cases.json
#[tokio::test]
async fn every_case_holds_over_rest() {
    let cases = shadow_cases::cases();
    let count = run_all(&cases, &MQTT_ONLY, Protocol::Rest).await;
    assert_eq!(count + MQTT_ONLY.len() + 1, cases.len());
}

#[test]
fn every_case_left_out_exists_and_has_a_reason() {
    let cases = shadow_cases::cases();
    for (name, why) in MQTT_ONLY.iter().chain(&REST_ONLY) {
        assert!(cases.iter().any(|case| case["name"] == *name), "{name}");
        assert!(!why.is_empty());
    }
}
