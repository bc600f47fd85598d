//! `lockctl home-assistant`: gives the broker in a house a line to AWS `IoT` for its own doors, and
//! makes those doors devices of Home Assistant.
//!
//! Must not know: what is decided about a request.

mod choice;
mod discovery;
mod pages;
mod policy;
mod publish;
mod topic;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use laptop::unknown;
use lock_aws::registry::{Call, Change, Stack};
use lock_aws::{Register, Registry};
use lock_core::name::ButtonSerial;
use serde_json::{Value, json};

use self::choice::Record;
use self::discovery::Message;
use self::pages::Bridge;
use self::policy::Policy;
use self::publish::Broker;
use crate::answer::Answer;
use crate::cli::{HomeAssistantArgs, IdentityArgs};
use crate::register::enrol::{self, Device};
use crate::register::folder::Folder;
use crate::register::kind::Kind;
use crate::register::plan::Wanted;
use crate::target::Target;

/// Runs `lockctl home-assistant`.
pub async fn run(target: &Target, args: &HomeAssistantArgs) -> Result<Answer> {
    let name = args.bridge.as_str();
    let broker = match &args.mqtt {
        Some(address) => Some(Broker::new(address, args.mqtt_user.as_deref())?),
        None => None,
    };
    let register = target.cloud.store.read_register().await?;
    check_name(args, &register)?;
    let folder = Folder::new(&args.devices, name);
    let earlier = Record::read(&folder)?;
    let mut record = choice::choose(&earlier, args)?;
    check_doors(target, &earlier, &record, &register).await?;

    let registry = target.registry();
    let stack = enrol::find_stack(&registry, target).await?;
    let base = format!("{}-bridge-{name}", stack.name);
    let account = find_account(&registry, &stack).await?;
    let policies = policy::make(&account, &base, name, &record.doors)?;
    let enrolment = Enrolment {
        target,
        registry: &registry,
        group: &stack.name,
        args,
    };
    let mut lines = Box::pin(enrolment.run(&base, &policies)).await?;
    if args.dry_run {
        let body = json!({ "name": name, "dryRun": true, "calls": lines });
        return Ok(Answer::new(lines, body));
    }

    let messages = discovery::messages(&args.prefix, name, &record.doors, &register.names);
    let endpoint = registry.find_endpoint().await?;
    let removed: Vec<String> = record.removed.iter().cloned().collect();
    write(&folder, &earlier, &record, &messages, &endpoint)?;
    if let Some(broker) = &broker {
        let filled = messages
            .iter()
            .map(|one| (one.topic.clone(), one.payload.clone()));
        let emptied = removed.iter().map(|topic| (topic.clone(), String::new()));
        let all: Vec<(String, String)> = filled.chain(emptied).collect();
        broker.publish(&all).await?;
        lines.extend(broker.find_fault().await?);
        // Nothing is kept in the house, so new entities have no state until the bridge asks for it.
        tokio::time::sleep(Duration::from_secs(pages::SETTLE_S)).await;
        broker.ask(topic::ask(name)).await?;
        record.removed.clear();
        // The script has nothing left to remove.
        write(&folder, &record, &record, &messages, &endpoint)?;
    }
    let has_changed = !earlier.doors.is_empty() && earlier.doors != record.doors;
    lines.extend(closing_lines(
        &folder,
        &record,
        broker.is_some(),
        has_changed,
    ));
    let doors = record.doors.iter();
    let doors: Vec<Value> = doors
        .map(|door| json!({ "lock": door.lock, "lockOnly": door.lock_only }))
        .collect();
    let body = json!({
        "bridge": name,
        "folder": folder.path().display().to_string(),
        "doors": doors,
        "removed": removed,
        "published": broker.is_some(),
    });
    Ok(Answer::new(lines, body))
}

/// Checks that the bridge's name is free and is one that a policy can have.
fn check_name(args: &HomeAssistantArgs, register: &Register) -> Result<()> {
    let name = &args.bridge;
    if name.as_str().contains(':') || name.as_str().len() > 40 {
        bail!(
            "{name} cannot name a bridge: its policies are named after it; choose one of 40 \
             characters at most, without a colon, with --bridge"
        );
    }
    let as_button = ButtonSerial::new(name.as_str())?;
    if register.locks.contains(name) || register.buttons.contains(&as_button) {
        bail!("{name} is a lock or a button: choose another name for the bridge with --bridge");
    }
    Ok(())
}

/// Checks that each door is a registered lock.
async fn check_doors(
    target: &Target,
    earlier: &Record,
    record: &Record,
    register: &Register,
) -> Result<()> {
    let mut doors = record.doors.iter().map(|door| &door.lock);
    match doors.find(|lock| !register.locks.contains(lock)) {
        None => Ok(()),
        Some(lock) if earlier.door(lock).is_some() => bail!(
            "{lock} is not registered any more: take it out of Home Assistant with `lockctl \
             home-assistant --remove {lock}`"
        ),
        Some(lock) => Err(unknown::lock(&target.cloud, lock).await?),
    }
}

/// The beginning of the account's ARNs in AWS `IoT`, by a policy that the stack has.
async fn find_account(registry: &Registry, stack: &Stack) -> Result<String> {
    let (_, text) = enrol::find_policy(registry, stack, Kind::Bridge).await?;
    let account = text.arn.split(":policy/").next().unwrap_or_default();
    Ok(account.to_owned())
}

/// What a bridge gets its identity with.
struct Enrolment<'a> {
    target: &'a Target,
    registry: &'a Registry,
    group: &'a str,
    args: &'a HomeAssistantArgs,
}

impl Enrolment<'_> {
    /// Gives the bridge its policies, thing, key and certificate. A line for each step.
    async fn run(&self, base: &str, policies: &[Policy]) -> Result<Vec<String>> {
        let name = self.args.bridge.as_str();
        let identity = IdentityArgs {
            record_only: false,
            dry_run: self.args.dry_run,
            devices: self.args.devices.clone(),
        };
        let device = Device {
            name,
            kind: Kind::Bridge,
            latch: None,
            csr: None,
            args: &identity,
        };
        let wanted = Wanted {
            name: name.to_owned(),
            kind: Kind::Bridge,
            policy: policy::name(base, 1),
            group: self.group.to_owned(),
        };
        let mut lines = Vec::new();
        if !self.args.dry_run {
            // First, so that a door that leaves is out of reach whatever happens next.
            for Policy { name, document } in policies {
                let put = self.registry.put_policy(name, document).await?;
                lines.push(format!("{put} {name}"));
            }
        }
        let made = enrol::identify(self.registry, self.target, &device, &wanted);
        let (steps, has_key) = Box::pin(made).await?;
        lines.extend(steps);
        if self.args.dry_run {
            let call = |policy: &Policy| format!("  iot:CreatePolicy {}", policy.name);
            lines.extend(policies.iter().map(call));
            return Ok(lines);
        }
        self.attach(base, policies, &mut lines).await?;
        if !has_key {
            let path = self.args.devices.join(name);
            lines.push(format!(
                "its private key is not in {}: copy the folder of the first run here, or run \
                 `lockctl retire {name}` and repeat this command for a new one",
                path.display()
            ));
        }
        Ok(lines)
    }

    /// Attaches the policies after the first, and removes those of earlier doors.
    async fn attach(&self, base: &str, policies: &[Policy], lines: &mut Vec<String>) -> Result<()> {
        let (registry, bridge) = (self.registry, self.args.bridge.as_str());
        let thing = registry.find_thing(bridge).await?;
        let thing = thing.context("a thing was made")?;
        for certificate in &thing.certificates {
            let principal = &certificate.arn;
            let has = |name: &String| certificate.policies.contains(name);
            let wanted = |name: &String| policies.iter().any(|policy| policy.name == *name);
            for Policy { name, .. } in policies.iter().filter(|policy| !has(&policy.name)) {
                let change = Change::AttachPolicy {
                    policy: name.clone(),
                    principal: principal.clone(),
                };
                registry.make(&change).await?;
                lines.push(change.to_string());
            }
            let surplus = certificate.policies.iter();
            let surplus = surplus.filter(|name| policy::is_own(base, name) && !wanted(name));
            for name in surplus {
                let call = Call::DetachPolicy {
                    policy: name.clone(),
                    principal: principal.clone(),
                };
                registry.perform(&call).await?;
                lines.push(call.to_string());
            }
        }
        let mut number = policies.len() + 1;
        while registry
            .find_policy(&policy::name(base, number))
            .await?
            .is_some()
        {
            let call = Call::DeletePolicy {
                policy: policy::name(base, number),
            };
            registry.perform(&call).await?;
            lines.push(call.to_string());
            number += 1;
        }
        Ok(())
    }
}

/// Writes the folder, and removes the messages of doors that it no longer has.
fn write(
    folder: &Folder,
    earlier: &Record,
    record: &Record,
    messages: &[Message],
    endpoint: &str,
) -> Result<()> {
    let inner = folder.inner(pages::MESSAGES);
    for door in &earlier.doors {
        if record.door(&door.lock).is_none() {
            inner.remove(&discovery::file(door))?;
        }
    }
    for message in messages {
        inner.write_text(&message.file, &message.payload)?;
    }
    let bridge = Bridge {
        name: folder.name(),
        endpoint,
        folder,
        record,
        messages,
    };
    for (file, text) in bridge.files() {
        folder.write_text(file, &text)?;
    }
    record.write(folder)
}

fn closing_lines(
    folder: &Folder,
    record: &Record,
    is_published: bool,
    has_changed: bool,
) -> Vec<String> {
    let mut lines = Vec::new();
    for door in &record.doors {
        let may = if door.lock_only {
            "lock"
        } else {
            "lock and unlock"
        };
        lines.push(format!("Home Assistant may {may} {}", door.lock));
    }
    lines.push(if is_published {
        "the doors are published on the house's broker".to_owned()
    } else {
        "the doors are not published yet: repeat the command with --mqtt HOST, or run publish.sh \
         in the folder"
            .to_owned()
    });
    if has_changed {
        lines.push(
            "the doors have changed: copy the settings to the broker again, and restart it; until \
             then it may ask AWS for a door that it lost, and AWS ends the line of all doors"
                .to_owned(),
        );
    }
    lines.push(format!(
        "its folder is {}: README.md there says how the broker gets it",
        folder.path().display()
    ));
    lines
}
