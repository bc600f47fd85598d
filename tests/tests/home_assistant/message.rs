//! The discovery messages of the folder, and Home Assistant's reading of states and commands.
//!
//! Must not know: which doors there are.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

/// The messages, each of a device.
pub struct Discovery {
    messages: Vec<Value>,
}

/// How a lock entity's state is found: a key of its configuration, the key's default, and Home
/// Assistant's word.
const WORDS: [(&str, &str, &str); 6] = [
    ("state_locked", "LOCKED", "locked"),
    ("state_unlocked", "UNLOCKED", "unlocked"),
    ("state_locking", "LOCKING", "locking"),
    ("state_unlocking", "UNLOCKING", "unlocking"),
    ("state_jammed", "JAMMED", "jammed"),
    ("payload_reset", "None", "unknown"),
];

impl Discovery {
    /// Reads `discovery/*.json` of the folder.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut messages = Vec::new();
        let folder = folder.join("discovery");
        let entries = std::fs::read_dir(&folder);
        for entry in entries.with_context(|| format!("read {}", folder.display()))? {
            let path = entry?.path();
            let text = std::fs::read_to_string(&path)?;
            let message: Result<Value, _> = serde_json::from_str(&text);
            messages.push(message.with_context(|| path.display().to_string())?);
        }
        ensure!(!messages.is_empty(), "no message in {}", folder.display());
        Ok(Self { messages })
    }

    /// Every component with its id.
    pub fn components(&self) -> Vec<(&str, &Value)> {
        let devices = self.messages.iter();
        let maps = devices.filter_map(|device| device["components"].as_object());
        let all = maps.flatten();
        all.map(|(id, component)| (id.as_str(), component))
            .collect()
    }
}

/// The lock entity of a door: the one that commands it.
pub fn lock_component<'a>(discovery: &'a Discovery, lock: &str) -> Result<&'a Value> {
    let level = format!("remote-lock/{lock}/");
    let mut locks = discovery.components().into_iter().filter(|(_, component)| {
        let topic = component["command_topic"].as_str().unwrap_or_default();
        component["platform"] == "lock" && topic.starts_with(&level)
    });
    let found = locks
        .next()
        .with_context(|| format!("no entity for {lock}"))?;
    ensure!(locks.next().is_none(), "two entities for {lock}");
    Ok(found.1)
}

/// The state that a lock entity shows after a message; fails if it would ignore the message.
pub fn word(component: &Value, state: &Value, now_ms: Option<u64>) -> Result<&'static str> {
    let template = component["value_template"].as_str();
    let template = template.context("no value_template")?;
    let rendered = render(template, &variables(state), now_ms)?;
    for (key, default, word) in WORDS {
        if rendered == component[key].as_str().unwrap_or(default) {
            return Ok(word);
        }
    }
    bail!("an entity ignores {rendered:?}, made from {state}")
}

/// What a binary sensor shows after a message: `None` is unknown.
pub fn binary(component: &Value, state: &Value) -> Result<Option<bool>> {
    let template = component["value_template"].as_str();
    let template = template.context("no value_template")?;
    let rendered = render(template, &variables(state), None)?;
    let is = |key: &str, default| rendered == component[key].as_str().unwrap_or(default);
    if is("payload_on", "ON") {
        Ok(Some(true))
    } else if is("payload_off", "OFF") {
        Ok(Some(false))
    } else if rendered == "None" {
        Ok(None)
    } else {
        bail!("a binary sensor ignores {rendered:?}, made from {state}")
    }
}

/// Whether an entity is available after these messages, each with its topic: the last one that
/// decides is what counts.
pub fn is_available(component: &Value, messages: &[(&str, &Value)]) -> Result<bool> {
    let items = component["availability"].as_array();
    let items = items.context("no availability")?;
    let mode = &component["availability_mode"];
    ensure!(mode == "latest", "another mode: {mode}");
    let mut available = false;
    for (topic, message) in messages {
        let Some(item) = items.iter().find(|item| item["topic"] == *topic) else {
            continue;
        };
        let shown = match item["value_template"].as_str() {
            Some(template) => render(template, &variables(message), None)?,
            None => message.to_string(),
        };
        let is = |key: &str, default| shown == item[key].as_str().unwrap_or(default);
        if is("payload_available", "online") {
            available = true;
        } else if is("payload_not_available", "offline") {
            available = false;
        }
    }
    Ok(available)
}

/// What a template of an incoming message sees.
fn variables(state: &Value) -> Value {
    json!({ "value": state.to_string(), "value_json": state })
}

/// Renders a template with Jinja, as Home Assistant does at this time, by default now.
pub fn render(template: &str, variables: &Value, now_ms: Option<u64>) -> Result<String> {
    if !template.contains('{') {
        return Ok(template.trim().to_owned());
    }
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/home_assistant/render.py"
    );
    let mut python = Command::new(e2e::world::python()?)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("run python")?;
    let asked =
        json!({ "template": template, "variables": variables, "nowMs": now_ms }).to_string();
    let mut input = python.stdin.take().context("python has no input")?;
    input.write_all(asked.as_bytes())?;
    drop(input);
    let output = python.wait_with_output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{template}: {errors}");
    Ok(String::from_utf8(output.stdout)?)
}
