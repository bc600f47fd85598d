//! Gives a device its identity: looks at what is there, and makes the steps of the plan.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use lock_aws::Registry;
use lock_aws::registry::{NewCertificate, PolicyText, Stack};

use super::folder::{Board, Folder};
use super::key::{self, Key};
use super::kind::Kind;
use super::name;
use super::plan::{Found, Plan, Step, Wanted, plan};
use crate::cli::{IdentityArgs, PowerOn};
use crate::target::Target;

/// Who gets an identity.
#[derive(Debug)]
pub struct Device<'a> {
    /// Its thing name.
    pub name: &'a str,
    /// Its kind.
    pub kind: Kind,
    /// Relay level and power-on state of a lock.
    pub latch: Option<(u8, PowerOn)>,
    /// The signing request of a genuine button.
    pub csr: Option<&'a Path>,
    /// How it gets its identity.
    pub args: &'a IdentityArgs,
}

/// Gives a device its identity, or with `--dry-run` only looks. Returns a line for each step.
///
/// # Errors
///
/// The name does not fit the stack, what is there must not be used, or a step fails. Repeated, the
/// command continues with what is left.
pub async fn run(target: &Target, device: &Device<'_>) -> Result<Vec<String>> {
    let registry = target.registry();
    let wanted = wanted(&registry, target, device).await?;
    let identity = Box::pin(identify(&registry, target, device, &wanted));
    let (mut lines, has_key) = identity.await?;
    if device.args.dry_run {
        return Ok(lines);
    }
    let folder = Folder::new(&device.args.devices, device.name);
    lines.push(if has_key {
        let path = folder.path().display();
        format!("its folder is {path}: README.md there says how the board gets it")
    } else {
        format!(
            "its private key is not in {}: `lockctl rotate {}` makes a new key and certificate",
            folder.path().display(),
            device.name
        )
    });
    Ok(lines)
}

/// Gives a device the identity that is wanted, or with `--dry-run` only looks. Returns a line for
/// each step, and whether its key is in its folder or signing request.
///
/// # Errors
///
/// What is there must not be used, or a step fails. Repeated, it continues with what is left.
pub async fn identify(
    registry: &Registry,
    target: &Target,
    device: &Device<'_>,
    wanted: &Wanted,
) -> Result<(Vec<String>, bool)> {
    let folder = Folder::new(&device.args.devices, device.name);
    let key = find_key(device, &folder)?;
    let public = key.public(device.name).map_err(|error| {
        let path = folder.path().join(folder.key());
        let path = path.display();
        anyhow!("{path}: {error:#}; move the file away, and repeat the command")
    })?;
    let found = look(registry, wanted, public).await?;
    let plan = plan(wanted, &found)?;
    let mut lines = Vec::new();
    if device.args.dry_run {
        lines.push("nothing is changed (--dry-run); the calls would be:".to_owned());
        lines.extend(plan.steps.iter().map(|step| format!("  {step}")));
        return Ok((lines, plan.elsewhere.is_none()));
    }
    let made = make(registry, target, device, (&folder, key), &plan, &mut lines).await;
    made.with_context(|| {
        let done = lines.join("; ");
        format!(
            "{} is not complete (done: {done}); repeat the command",
            device.name
        )
    })?;
    Ok((lines, plan.elsewhere.is_none()))
}

/// The stack that the devices of a target belong to.
///
/// # Errors
///
/// There is none.
pub async fn find_stack(registry: &Registry, target: &Target) -> Result<Stack> {
    let stack = registry.find_stack(&target.stack).await?;
    stack.with_context(|| {
        format!(
            "no stack {} in this account and region: deploy it, or name yours with --stack and \
             its region with AWS_REGION",
            target.stack
        )
    })
}

/// Checks the name against the stack.
async fn wanted(registry: &Registry, target: &Target, device: &Device<'_>) -> Result<Wanted> {
    let stack = find_stack(registry, target).await?;
    if let (Kind::Lock, Some(pattern)) = (device.kind, stack.parameters.get("LockNamePattern")) {
        name::check_pattern(device.name, pattern)?;
    }
    let (policy, text) = find_policy(registry, &stack, device.kind).await?;
    name::check_policy(device.kind, device.name, &text)?;
    Ok(Wanted {
        name: device.name.to_owned(),
        kind: device.kind,
        policy,
        group: stack.name,
    })
}

/// The policy that a stack has for a kind of device: its name and itself.
///
/// # Errors
///
/// The stack names none, or it is gone.
pub async fn find_policy(
    registry: &Registry,
    stack: &Stack,
    kind: Kind,
) -> Result<(String, PolicyText)> {
    let output = kind.policy_output();
    let policy = stack.outputs.get(output).with_context(|| {
        let name = &stack.name;
        format!("stack {name} has no output {output}: deploy the template of this release")
    })?;
    let text = registry.find_policy(policy).await?;
    let text = text.with_context(|| {
        format!("the policy {policy} of the stack is gone: deploy the template again")
    })?;
    Ok((policy.clone(), text))
}

fn find_key(device: &Device<'_>, folder: &Folder) -> Result<Key> {
    let Some(path) = device.csr else {
        let key = folder.read(&folder.key()).map_err(|error| {
            anyhow!("{error:#}; check that --devices names the folder of all devices' folders")
        });
        return key.map(Key::Folder);
    };
    Ok(Key::Request(key::read_request_file(path, device.name)?))
}

async fn look(registry: &Registry, wanted: &Wanted, key: Option<key::PublicKey>) -> Result<Found> {
    let thing = registry.find_thing(&wanted.name).await?;
    let groups = match &thing {
        Some(thing) => registry.list_groups(&thing.name).await?,
        None => Vec::new(),
    };
    let has_key = |pem: &str| key.is_some() && key::key_of(pem) == key;
    let attached = thing.iter().flat_map(|thing| &thing.certificates);
    let is_attached = attached.into_iter().any(|one| has_key(&one.pem));
    let inactive = if key.is_some() && !is_attached {
        // An attempt that ended after the signing left one.
        registry.find_inactive(has_key).await?
    } else {
        Vec::new()
    };
    Ok(Found {
        has_type: registry.has_thing_type(wanted.kind.thing_type()).await?,
        has_group: registry.has_thing_group(&wanted.group).await?,
        thing,
        groups,
        key,
        inactive,
    })
}

/// Makes the steps, and adds a line for each.
async fn make(
    registry: &Registry,
    target: &Target,
    device: &Device<'_>,
    (folder, mut key): (&Folder, Key),
    plan: &Plan,
    lines: &mut Vec<String>,
) -> Result<()> {
    let mut signed: Option<NewCertificate> = None;
    for step in &plan.steps {
        let mut line = step.to_string();
        match step {
            Step::Already(_) => {}
            Step::Change(change) => registry.make(change).await?,
            Step::Call(call) => drop(registry.perform(call).await?),
            Step::Key => {
                let pem = key::make_key()?;
                folder.write_key(&pem)?;
                line = format!("private key {}", folder.path().join(folder.key()).display());
                key = Key::Folder(Some(pem));
            }
            Step::Sign => {
                let request = key.request(device.name)?;
                let certificate = registry.sign(&request.pem).await?;
                line = format!("{step}: {}", certificate.id);
                signed = Some(certificate);
            }
            Step::Files(pem) => {
                let pem = pem.as_ref().or(signed.as_ref().map(|signed| &signed.pem));
                folder.write_certificate(pem.context("a certificate is there")?)?;
                let board = board(registry, target, device).await?;
                lines.extend(folder.write_rest(&board)?);
                line = format!("files in {}", folder.path().display());
            }
            Step::Then(then) => {
                let signed = signed.as_ref().context("a certificate was signed")?;
                let change = then.of(&signed.id, &signed.arn);
                registry.make(&change).await?;
                line = change.to_string();
            }
        }
        lines.push(line);
    }
    Ok(())
}

async fn board(registry: &Registry, target: &Target, device: &Device<'_>) -> Result<Board> {
    Ok(Board {
        kind: device.kind,
        latch: device.latch,
        endpoint: registry.find_endpoint().await?,
        authority: target.authority()?,
    })
}
