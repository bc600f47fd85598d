//! `lockctl rotate`: a new key and certificate for a device, and the end of the old certificate
//! once the device was seen with the new one.

mod plan;

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lock_aws::Registry;
use lock_aws::registry::{NewCertificate, Thing};
use serde_json::json;

use self::plan::{End, Step, begin, end};
use crate::answer::Answer;
use crate::cli::RotateArgs;
use crate::register::folder::Folder;
use crate::register::key::{self, PublicKey};
use crate::target::Target;

/// Wait between two looks for the device.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Runs `lockctl rotate`.
pub async fn run(target: &Target, args: &RotateArgs) -> Result<Answer> {
    let name = args.name.as_str();
    let registry = target.registry();
    let thing = registry.find_thing(name).await?;
    let thing = thing.with_context(|| {
        format!(
            "{name} is not rotated: AWS IoT has no thing of this name; `lockctl register` makes it"
        )
    })?;
    if args.finish {
        finish(&registry, &thing, args.wait).await
    } else {
        let folder = Folder::new(&args.devices, name);
        make(&registry, &thing, &folder).await
    }
}

/// The folders of a rotation: of the device, its new files, and its old files.
struct Folders<'a> {
    main: &'a Folder,
    new: Folder,
    old: Folder,
}

/// Makes the new key and certificate.
async fn make(registry: &Registry, thing: &Thing, folder: &Folder) -> Result<Answer> {
    let name = &thing.name;
    let folders = Folders {
        main: folder,
        new: folder.inner("new"),
        old: folder.inner("old"),
    };
    let key = folders.find_key(thing)?;
    let public = key.as_deref().map(|pem| key::request(name, pem));
    let public = public.transpose()?.map(|request| request.key);
    let inactive = find_inactive(registry, thing, public.as_ref()).await?;
    let steps = begin(thing, public.as_ref(), &inactive);
    let steps = steps.with_context(|| format!("{name} is not rotated"))?;
    let mut lines = Vec::new();
    let made = perform(registry, &folders, name, key, &steps, &mut lines).await;
    made.with_context(|| {
        let done = lines.join("; ");
        format!("{name} has no complete new certificate (done: {done}); repeat the command")
    })?;
    lines.push(format!(
        "bring the new files in {} to the board, and run `lockctl rotate {name} --finish`:",
        folder.path().display()
    ));
    lines.extend(
        folder
            .identity_lines()
            .iter()
            .map(|line| format!("  {line}")),
    );
    let body = json!({ "name": name, "folder": folder.path(), "steps": lines });
    Ok(Answer::new(lines, body))
}

impl Folders<'_> {
    /// The new key: in `new`, or already in its place.
    fn find_key(&self, thing: &Thing) -> Result<Option<String>> {
        if let Some(pem) = self.new.read(&self.new.key())? {
            return Ok(Some(pem));
        }
        let Some(pem) = self.main.read(&self.main.key())? else {
            return Ok(None);
        };
        let public = key::request(&thing.name, &pem)?.key;
        let new = thing.rotation.first();
        let mut certificates = thing.certificates.iter();
        let new = certificates.find(|certificate| Some(&certificate.id) == new);
        let is_new = new.is_some_and(|new| key::key_of(&new.pem) == Some(public));
        Ok(is_new.then_some(pem))
    }

    /// Writes the new certificate, unless it is in its place already.
    fn write_certificate(&self, pem: &str) -> Result<()> {
        let in_place = self.main.read(&self.main.certificate())?;
        if in_place.as_deref() == Some(pem) {
            return Ok(());
        }
        self.new.write_certificate(pem)
    }

    /// Moves the new files into place, the key last: while it is in `new`, this is not done.
    fn swap(&self) -> Result<()> {
        for file in [self.main.certificate(), self.main.key()] {
            if self.new.read(&file)?.is_none() {
                continue;
            }
            if self.main.read(&file)?.is_some() {
                self.main.move_to(&file, &self.old)?;
            }
            self.new.move_to(&file, self.main)?;
        }
        self.new.remove_empty()
    }
}

async fn find_inactive(
    registry: &Registry,
    thing: &Thing,
    key: Option<&PublicKey>,
) -> Result<Vec<lock_aws::registry::Certificate>> {
    let has_key = |pem: &str| key.is_some() && key::key_of(pem).as_ref() == key;
    let is_known = thing.certificates.iter().any(|one| has_key(&one.pem));
    if key.is_none() || is_known {
        return Ok(Vec::new());
    }
    Ok(registry.find_inactive(has_key).await?)
}

/// Makes the steps, and adds a line for each.
async fn perform(
    registry: &Registry,
    folders: &Folders<'_>,
    name: &str,
    mut key: Option<String>,
    steps: &[Step],
    lines: &mut Vec<String>,
) -> Result<()> {
    let mut signed: Option<NewCertificate> = None;
    for step in steps {
        lines.push(match step {
            Step::Already(what) => format!("{what}: already there"),
            Step::Key => {
                let pem = key::make_key()?;
                folders.new.write_key(&pem)?;
                key = Some(pem);
                format!("new private key in {}", folders.new.path().display())
            }
            Step::Sign => {
                let pem = key
                    .as_deref()
                    .context("a key is made before it is signed")?;
                let certificate = registry.sign(&key::request(name, pem)?.pem).await?;
                let line = format!("iot:CreateCertificateFromCsr, inactive: {}", certificate.id);
                signed = Some(certificate);
                line
            }
            Step::File(pem) => {
                let pem = pem.as_ref().or(signed.as_ref().map(|signed| &signed.pem));
                folders.write_certificate(pem.context("a certificate is there")?)?;
                continue;
            }
            Step::Change(change) => {
                registry.make(change).await?;
                change.to_string()
            }
            Step::Then(then) => {
                let signed = signed.as_ref().context("a certificate was signed")?;
                let change = then.of(&signed.id, &signed.arn);
                registry.make(&change).await?;
                change.to_string()
            }
            Step::Move => {
                folders.swap()?;
                continue;
            }
        });
    }
    Ok(())
}

/// Ends the old certificates, if the device comes with the new one.
async fn finish(registry: &Registry, thing: &Thing, wait_s: u64) -> Result<Answer> {
    let name = &thing.name;
    let end = end(thing).with_context(|| format!("the rotation of {name} is not finished"))?;
    let Some(end) = end else {
        let line = format!("{name} has one certificate: no rotation of it has begun");
        let body = json!({ "name": name, "finished": false, "steps": [] });
        return Ok(Answer::new(vec![line], body));
    };
    let mut lines = Vec::new();
    if end.must_see {
        for call in &end.cut {
            registry.perform(call).await?;
            lines.push(call.to_string());
        }
        let seen = see(registry, name, wait_s).await;
        if !matches!(seen, Ok(true)) {
            return restore(registry, name, &end, seen.err(), wait_s, lines).await;
        }
        lines.push(format!("{name} is connected with its new certificate"));
    }
    for change in &end.revoke {
        registry.make(change).await?;
        lines.push(change.to_string());
    }
    for call in &end.remove {
        registry.perform(call).await?;
        lines.push(call.to_string());
    }
    registry.make(&end.forget).await?;
    lines.push(format!(
        "{name} is rotated; the files in `old`, in its folder, may be deleted"
    ));
    let body = json!({ "name": name, "finished": true, "steps": lines });
    Ok(Answer::new(lines, body))
}

/// Ends the device's connection and waits until it has a new one. The old certificates are cut off,
/// so that only the new one can have made it. Returns whether it came.
async fn see(registry: &Registry, client: &str, wait_s: u64) -> Result<bool> {
    let before = registry.find_connection(client).await?;
    let before_ms = before.map_or(0, |before| before.since_ms);
    registry.end_connection(client).await?;
    let is_terminal = std::io::stderr().is_terminal();
    let looks = Duration::from_secs(wait_s).as_millis() / LOOK_EVERY.as_millis();
    for look in 0..=looks {
        let now = registry.find_connection(client).await?;
        if now.is_some_and(|now| now.is_connected && now.since_ms > before_ms) {
            return Ok(true);
        }
        if is_terminal && look % 4 == 0 {
            let waited = look / 2;
            let mut text = std::io::stderr();
            let line =
                format!("waiting for {client} with its new certificate: {waited} of {wait_s} s");
            writeln!(text, "{line}").context("show the progress")?;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(false)
}

/// Makes the old certificates active again.
async fn restore(
    registry: &Registry,
    name: &str,
    end: &End,
    error: Option<anyhow::Error>,
    wait_s: u64,
    mut lines: Vec<String>,
) -> Result<Answer> {
    for change in &end.restore {
        let restored = registry.make(change).await;
        if let Err(restoring) = restored {
            bail!(
                "{name} is cut off: {}; run `lockctl rotate {name} --finish` again",
                lock_aws::chain(&restoring)
            );
        }
        lines.push(change.to_string());
    }
    let why = match error {
        Some(error) => format!("its connection is not known: {error:#}"),
        None => format!("it was not seen with its new certificate within {wait_s} s"),
    };
    lines.push(format!(
        "{name} is not rotated: {why}; its old certificate is active again; bring the new files \
         to the board, and repeat `lockctl rotate {name} --finish`"
    ));
    let body = json!({ "name": name, "finished": false, "steps": lines });
    Ok(Answer {
        lines,
        body,
        has_failed: true,
    })
}
