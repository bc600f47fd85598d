//! The links of one device: from its entry in the register to what it last reported.
//!
//! Must not know: how anything was seen.

use lock_aws::registry::{Certificate, Thing};
use lock_core::binding::Binding;

use super::evidence::{Device, Entry, Evidence};
use super::judge::unknown;
use super::link::{Link, Verdict};
use super::{permit, report};
use crate::register::kind::Kind;
use crate::register::name;

/// The links of a device.
pub fn links(evidence: &Evidence, device: &Device) -> Vec<Link> {
    let link = |name: &str, verdict| Link::of_device(&device.name, name, verdict);
    if is_retired(device) {
        let retired = "retired: bound to no lock, and without a thing".to_owned();
        return vec![link("registered", Verdict::Ok(retired))];
    }
    let mut links = vec![link("registered", registered(evidence, device))];
    if device.kind == Kind::Lock {
        links.push(link("name", lock_name(evidence, device)));
    }
    links.push(link("thing", thing(evidence, device)));
    links.push(link("certificate", certificate(evidence, device)));
    links.push(link("active", active(evidence, device)));
    for (name, action) in permit::ACTIONS {
        links.push(link(name, permit::verdict(evidence, device, action)));
    }
    links.push(link("connected", connected(evidence, device)));
    match &device.entry {
        Ok(Entry::Lock(record)) => {
            for (name, verdict) in report::verdicts(evidence, &device.name, record) {
                links.push(link(name, verdict));
            }
        }
        Ok(Entry::Button {
            binding,
            is_lock_known,
        }) => {
            links.push(link("binding", bound(evidence, binding, *is_lock_known)));
            links.push(link("battery", battery(evidence, binding)));
        }
        Ok(Entry::LockWithoutRecord | Entry::Absent) | Err(_) => {}
    }
    links
}

/// Whether a button was retired: it stays in the register, without a lock and without a thing.
fn is_retired(device: &Device) -> bool {
    let is_unbound = match &device.entry {
        Ok(Entry::Button { binding, .. }) => binding.lock.is_none(),
        _ => false,
    };
    is_unbound && matches!(device.thing, Ok(None))
}

/// The command that makes the identity of a device.
fn enrol(evidence: &Evidence, device: &Device) -> String {
    let options = match device.kind {
        Kind::Lock => " --unlocked-level 1 --power-on locked",
        Kind::Button | Kind::Bridge => "",
        Kind::GenuineButton => " --genuine",
    };
    let (word, name) = (device.kind.word(), &device.name);
    evidence.lockctl(&format!("register {word} {name}{options}"))
}

fn registered(evidence: &Evidence, device: &Device) -> Verdict {
    let (word, name) = (device.kind.word(), &device.name);
    let entry = match &device.entry {
        Ok(entry) => entry,
        Err(unseen) => return unknown(evidence, unseen),
    };
    let fix = evidence.lockctl(&format!("register {word} {name} --record-only"));
    match entry {
        Entry::Lock(_) | Entry::Button { .. } => Verdict::Ok(format!("a {word}")),
        Entry::LockWithoutRecord => Verdict::broken("its record is missing", fix),
        Entry::Absent if matches!(device.thing, Ok(Some(_))) => Verdict::broken(
            format!("a thing of AWS IoT, but not registered as a {word}"),
            fix,
        ),
        Entry::Absent => Verdict::broken(
            "neither registered nor a thing of AWS IoT; names are case-sensitive",
            enrol(evidence, device),
        ),
    }
}

fn lock_name(evidence: &Evidence, device: &Device) -> Verdict {
    let Some(pattern) = evidence.parameter("LockNamePattern") else {
        return Verdict::Unknown("not looked at: the stack was not seen".to_owned());
    };
    if name::is_match(pattern, &device.name) {
        return Verdict::Ok(format!("fits LockNamePattern {pattern}"));
    }
    Verdict::broken(
        format!(
            "LockNamePattern is {pattern}: the functions may not read the shadow of a lock of this \
             name"
        ),
        format!(
            "add LockNamePattern={} to parameter_overrides in samconfig.toml, then {}",
            device.name,
            evidence.deploy()
        ),
    )
}

/// The thing, or the verdict if it was not found.
fn seen_thing<'a>(evidence: &Evidence, device: &'a Device) -> Result<&'a Thing, Verdict> {
    match &device.thing {
        Ok(Some(thing)) => Ok(thing),
        Ok(None) => Err(Verdict::Unknown(
            "not looked at: there is no thing".to_owned(),
        )),
        Err(unseen) => Err(unknown(evidence, unseen)),
    }
}

fn thing(evidence: &Evidence, device: &Device) -> Verdict {
    match &device.thing {
        Ok(Some(_)) => Verdict::Ok("exists".to_owned()),
        Ok(None) => Verdict::broken(
            format!("AWS IoT has no thing {}", device.name),
            enrol(evidence, device),
        ),
        Err(unseen) => unknown(evidence, unseen),
    }
}

fn certificate(evidence: &Evidence, device: &Device) -> Verdict {
    let thing = match seen_thing(evidence, device) {
        Ok(thing) => thing,
        Err(verdict) => return verdict,
    };
    let attached = attached(thing).count();
    if attached > 0 {
        return Verdict::Ok(format!("attached to the thing: {attached}"));
    }
    if let Some(detached) = thing.certificates.first() {
        return Verdict::broken(
            format!(
                "its certificate {} is not attached to the thing",
                detached.id
            ),
            format!(
                "aws iot attach-thing-principal --thing-name {} --principal {}",
                thing.name, detached.arn
            ),
        );
    }
    Verdict::broken(
        "no certificate is attached to the thing",
        enrol(evidence, device),
    )
}

/// The certificates that are attached to the thing.
pub fn attached(thing: &Thing) -> impl Iterator<Item = &Certificate> {
    let certificates = thing.certificates.iter();
    certificates.filter(|certificate| certificate.things.contains(&thing.name))
}

fn active(evidence: &Evidence, device: &Device) -> Verdict {
    let thing = match seen_thing(evidence, device) {
        Ok(thing) => thing,
        Err(verdict) => return verdict,
    };
    let Some(first) = attached(thing).next() else {
        return Verdict::Unknown("not looked at: no certificate is attached".to_owned());
    };
    match attached(thing).find(|certificate| certificate.is_active) {
        Some(active) => Verdict::Ok(format!("certificate {}", short(&active.id))),
        None => Verdict::broken(
            format!("the certificate {} is not active", short(&first.id)),
            format!(
                "aws iot update-certificate --new-status ACTIVE --certificate-id {}",
                first.id
            ),
        ),
    }
}

/// The beginning of a certificate's id, enough to recognize it.
fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

fn connected(evidence: &Evidence, device: &Device) -> Verdict {
    if device.kind == Kind::GenuineButton {
        return Verdict::Ok("an AWS IoT Button connects for a press only".to_owned());
    }
    let light = format!(
        "look at the board's light: dark, supply power; fast blinking, `mos wifi SSID PASSWORD`; \
         slow blinking, compare `mos config-get device.id` with {}",
        device.name
    );
    match &device.connection {
        Ok(Some(connection)) if connection.is_connected => {
            Verdict::Ok("a client of this name is connected".to_owned())
        }
        Ok(Some(_)) => Verdict::broken("it is not connected", light),
        Ok(None) => Verdict::broken("it has not connected in the last 30 minutes", light),
        // Some regions and stand-ins do not offer the call.
        Err(unseen) => unknown(evidence, unseen),
    }
}

fn bound(evidence: &Evidence, binding: &Binding, is_lock_known: bool) -> Verdict {
    let button = &binding.button;
    let Some(lock) = &binding.lock else {
        return Verdict::broken(
            "bound to no lock",
            evidence.lockctl(&format!("bind {button} LOCK")),
        );
    };
    if !binding.enabled {
        return Verdict::broken(
            format!("revoked: its presses for {lock} are ignored"),
            evidence.lockctl(&format!("enable {button}")),
        );
    }
    if !is_lock_known {
        return Verdict::broken(
            format!("bound to {lock}, which is not registered"),
            evidence.lockctl(&format!("register lock {lock} --record-only")),
        );
    }
    Verdict::Ok(format!("commands {lock}"))
}

fn battery(evidence: &Evidence, binding: &Binding) -> Verdict {
    let limits = evidence.limits.as_ref().ok();
    let low_mv = limits
        .and_then(Option::as_ref)
        .map(|limits| limits.battery_low_mv);
    match (binding.battery_mv, low_mv) {
        (None, _) => Verdict::Ok("no press has stated a voltage".to_owned()),
        (Some(mv), None) => Verdict::Unknown(format!(
            "{mv} mV at its last press; the limit BatteryLowMv was not seen"
        )),
        (Some(mv), Some(low_mv)) if mv < low_mv => Verdict::broken(
            format!("{mv} mV at its last press, below BatteryLowMv {low_mv}"),
            format!(
                "replace the battery of {}, and press it once",
                binding.button
            ),
        ),
        (Some(mv), Some(_)) => Verdict::Ok(format!("{mv} mV at its last press")),
    }
}

/// The lock that a button commands.
pub fn lock_of(entry: &Entry) -> Option<&str> {
    match entry {
        Entry::Button { binding, .. } => Some(binding.lock.as_ref()?.as_str()),
        _ => None,
    }
}
