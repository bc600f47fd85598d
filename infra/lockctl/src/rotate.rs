//! `lockctl rotate`: a new key and certificate for a device, and the end of the old certificate
//! once the device was seen with the new one.

mod finish;
mod plan;

use anyhow::{Context, Result};
use lock_aws::Registry;
use lock_aws::registry::{NewCertificate, Thing};
use serde_json::json;

use self::plan::{Step, begin, check_request};
use crate::answer::Answer;
use crate::cli::RotateArgs;
use crate::register::folder::Folder;
use crate::register::key::{self, Key, PublicKey};
use crate::target::Target;

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
        finish::run(&registry, &thing, args).await
    } else {
        make(&registry, &thing, args).await
    }
}

/// The folders of a rotation: of the device, its new files, and its old files.
struct Folders<'a> {
    main: &'a Folder,
    new: Folder,
    old: Folder,
}

/// Makes the new key and certificate.
async fn make(registry: &Registry, thing: &Thing, args: &RotateArgs) -> Result<Answer> {
    let name = &thing.name;
    let folder = &Folder::new(&args.devices, name);
    let folders = Folders {
        main: folder,
        new: folder.inner("new"),
        old: folder.inner("old"),
    };
    let key = match &args.csr {
        Some(path) => Key::Request(key::read_request_file(path, name)?),
        None => Key::Folder(folders.find_key(thing)?),
    };
    let public = key.public(name)?;
    if let Key::Request(request) = &key {
        let checked = check_request(thing, &request.key);
        checked.with_context(|| format!("{name} is not rotated"))?;
    }
    let inactive = find_inactive(registry, thing, public.as_ref()).await?;
    let steps = begin(thing, public.as_ref(), &inactive);
    let steps = steps.with_context(|| format!("{name} is not rotated"))?;
    let mut lines = Vec::new();
    let made = perform(registry, &folders, name, key, &steps, &mut lines).await;
    made.with_context(|| {
        let done = lines.join("; ");
        format!("{name} has no complete new certificate (done: {done}); repeat the command")
    })?;
    lines.extend(list_next(folder, name, args.csr.is_some()));
    let body = json!({ "name": name, "folder": folder.path(), "steps": lines });
    Ok(Answer::new(lines, body))
}

/// What the operator does next, one line each.
fn list_next(folder: &Folder, name: &str, is_genuine: bool) -> Vec<String> {
    let path = folder.path();
    if is_genuine {
        let file = path.join(folder.certificate());
        return vec![
            format!(
                "give the button the new certificate {} and the private key of its signing request",
                file.display()
            ),
            format!(
                "its client id is not its name, so no command sees its connection: press it, look \
                 whether `lockctl history` shows the press, and run `lockctl rotate {name} \
                 --finish --seen`"
            ),
        ];
    }
    let mut lines = vec![format!(
        "bring the new files in {} to the board, and run `lockctl rotate {name} --finish`:",
        path.display()
    )];
    let identity = folder.identity_lines();
    lines.extend(identity.iter().map(|line| format!("  {line}")));
    lines
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

    /// Moves the new files into place, the key last: while it is in `new`, this is not done. A key
    /// that was made elsewhere has no file.
    fn swap(&self, key: &Key) -> Result<()> {
        let key = matches!(key, Key::Folder(_)).then(|| self.main.key());
        for file in std::iter::once(self.main.certificate()).chain(key) {
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
    mut key: Key,
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
                key = Key::Folder(Some(pem));
                format!("new private key in {}", folders.new.path().display())
            }
            Step::Sign => {
                let certificate = registry.sign(&key.request(name)?.pem).await?;
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
                folders.swap(&key)?;
                continue;
            }
        });
    }
    Ok(())
}
