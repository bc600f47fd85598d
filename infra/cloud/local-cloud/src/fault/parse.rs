//! The written form of faults: `what:target@when`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::form::{self, Form};
use super::{
    Call, CallEffect, DeviceEffect, EventEffect, Fault, MessageEffect, Schedule, Step, When,
};

/// How long a reordered message waits for the next one, by default.
const REORDER_LIMIT: Duration = Duration::from_secs(1);

const UNKNOWN_STEP: &str = "a step is before-read, before-commit, after-commit, before-publish or \
                            after-publish";

/// A fault that cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("parse fault {spec}: {problem}; {}", advice(spec))]
pub struct FaultError {
    /// The configured text.
    pub spec: String,
    /// What is wrong.
    pub problem: &'static str,
}

impl Fault {
    /// The form of each kind of fault.
    pub fn forms() -> &'static [Form] {
        form::FORMS
    }

    /// What the forms have in common: the words of `<when>` and `<time>`.
    pub fn notes() -> &'static str {
        form::NOTES
    }

    /// Every form with an explanation and an example, for people; those of devices only for a
    /// program that runs some.
    pub fn help(of_devices: bool) -> String {
        form::help(of_devices)
    }
}

/// How a fault of this kind is written.
fn advice(spec: &str) -> String {
    let name = spec.split(':').next().unwrap_or_default();
    match form::FORMS.iter().find(|form| form.name() == name) {
        Some(form) => format!("write it as {}", form.form),
        None => {
            let names: Vec<_> = form::FORMS.iter().map(Form::name).collect();
            let names = names.join(", ");
            format!("it begins with its kind and a colon: {names}")
        }
    }
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(spec: &str) -> Result<Self, FaultError> {
        parse(spec).map_err(|problem| FaultError {
            spec: spec.to_owned(),
            problem,
        })
    }
}

fn parse(spec: &str) -> Result<Fault, &'static str> {
    let (what, rest) = spec
        .split_once(':')
        .ok_or("no colon after the kind of fault")?;
    let (target, when) = rest.rsplit_once('@').ok_or("no @<when>")?;
    if target.is_empty() {
        return Err("no target");
    }
    match what {
        "drop" => message(MessageEffect::Drop, target, when),
        "duplicate" => message(MessageEffect::Duplicate, target, when),
        "delay" => {
            let (when, by) = when.split_once('+').ok_or("no +<time> after <when>")?;
            message(MessageEffect::Delay(duration(by)?), target, when)
        }
        "reorder" => {
            let (when, limit) = match when.split_once('+') {
                Some((when, limit)) => (when, duration(limit)?),
                None => (when, REORDER_LIMIT),
            };
            message(MessageEffect::Reorder(limit), target, when)
        }
        "kill" => {
            let (function, step) = target.rsplit_once('.').ok_or("no .<step>")?;
            let step = Step::ALL.into_iter().find(|known| known.name() == step);
            Ok(Fault::Kill {
                function: function.to_owned(),
                step: step.ok_or(UNKNOWN_STEP)?,
                when: occurrence(when)?,
            })
        }
        "late" => {
            let (when, by) = when.split_once('+').ok_or("no +<time> after <when>")?;
            event(EventEffect::Late(duration(by)?), target, when)
        }
        "twice" => event(EventEffect::Twice, target, when),
        "slow" => {
            let (when, by) = when.split_once('+').ok_or("no +<time> after <when>")?;
            call(CallEffect::Slow(duration(by)?), target, when)
        }
        _ => {
            let mut effects = DeviceEffect::ALL.into_iter();
            if let Some(effect) = effects.find(|effect| effect.name() == what) {
                return device(effect, target, when);
            }
            let mut effects = CallEffect::TIMELESS.into_iter();
            let effect = effects.find(|effect| effect.name() == what);
            call(effect.ok_or("unknown kind of fault")?, target, when)
        }
    }
}

fn message(effect: MessageEffect, filter: &str, when: &str) -> Result<Fault, &'static str> {
    iot_topic::check_filter(filter).map_err(|_| "not a topic filter")?;
    Ok(Fault::Message {
        effect,
        filter: filter.to_owned(),
        when: occurrence(when)?,
    })
}

fn event(effect: EventEffect, function: &str, when: &str) -> Result<Fault, &'static str> {
    Ok(Fault::Event {
        effect,
        function: function.to_owned(),
        when: occurrence(when)?,
    })
}

fn call(effect: CallEffect, target: &str, when: &str) -> Result<Fault, &'static str> {
    let (name, last) = match target.rsplit_once('.') {
        Some((name, last)) => (Some(name), last),
        None => (None, target),
    };
    let operation = Call::OPERATIONS.iter().find(|(known, _)| *known == last);
    let kind = Call::ALL.into_iter().find(|known| known.name() == last);
    let (target, operation, call) = match (operation, kind, name) {
        (Some((operation, call)), _, name) => (name, Some(*operation), Some(*call)),
        (None, Some(call), Some(name)) => (Some(name), None, Some(call)),
        _ => (Some(target), None, None),
    };
    match call {
        Some(call) if !effect.concerns(call) => return Err("this fault cannot strike this call"),
        None if effect.needs_call() => {
            return Err("no .<call>: read, commit, publish or shadow");
        }
        _ => {}
    }
    Ok(Fault::Call {
        effect,
        target: target.map(str::to_owned),
        call,
        operation,
        when: occurrence(when)?,
    })
}

fn occurrence(text: &str) -> Result<When, &'static str> {
    const PROBLEM: &str = "<when> must be like 5%, 3 or 2-4";
    if let Some(percent) = text.strip_suffix('%') {
        let percent: f64 = percent.parse().map_err(|_| PROBLEM)?;
        return if (0.0..=100.0).contains(&percent) {
            Ok(When::Chance(percent / 100.0))
        } else {
            Err("a chance must be from 0% to 100%")
        };
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let first = first.parse().map_err(|_| PROBLEM)?;
    let last = last.parse().map_err(|_| PROBLEM)?;
    if first == 0 || first > last {
        return Err("occurrences count from 1, and the lower one comes first");
    }
    Ok(When::Counted { first, last })
}

fn device(effect: DeviceEffect, target: &str, when: &str) -> Result<Fault, &'static str> {
    let when = when.strip_prefix("t=").ok_or("<when> must be like t=20s")?;
    let (at, more) = when.split_at(when.find(['+', '-']).unwrap_or(when.len()));
    let (effect, lasts) = match (effect, more.strip_prefix('+')) {
        (DeviceEffect::Drift(_), _) => (DeviceEffect::Drift(ppm(more)?), None),
        (effect, Some(lasts)) => (effect, Some(duration(lasts)?)),
        (effect, None) if more.is_empty() => (effect, None),
        (_, None) => return Err("only a drift can be negative"),
    };
    Ok(Fault::Device {
        effect,
        target: target.to_owned(),
        when: Schedule {
            at: duration(at)?,
            lasts,
        },
    })
}

/// `+200ppm` or `-200ppm`. At -1000000ppm time would stand still.
fn ppm(text: &str) -> Result<i32, &'static str> {
    const LIMIT: u32 = 1_000_000;
    const PROBLEM: &str = "a drift must be like +200ppm or -200ppm, and below 1000000";
    let number = text.strip_suffix("ppm").and_then(|text| text.parse().ok());
    let number: i32 = number.ok_or(PROBLEM)?;
    if number.unsigned_abs() < LIMIT {
        Ok(number)
    } else {
        Err(PROBLEM)
    }
}

fn duration(text: &str) -> Result<Duration, &'static str> {
    const PROBLEM: &str = "a time must be like 200ms, 20s or 3m";
    let unit_at = text.find(|c: char| c.is_alphabetic()).ok_or(PROBLEM)?;
    let (number, unit) = text.split_at(unit_at);
    let number: u64 = number.parse().map_err(|_| PROBLEM)?;
    let ms = match unit {
        "ms" => Some(number),
        "s" => number.checked_mul(1000),
        "m" => number.checked_mul(60_000),
        _ => return Err(PROBLEM),
    };
    ms.map(Duration::from_millis).ok_or("the time is too long")
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let later = |time: &Duration| format!("+{}ms", time.as_millis());
        let (what, target, when, suffix) = match self {
            Self::Message {
                effect,
                filter,
                when,
            } => {
                let (what, suffix) = match effect {
                    MessageEffect::Drop => ("drop", String::new()),
                    MessageEffect::Duplicate => ("duplicate", String::new()),
                    MessageEffect::Delay(by) => ("delay", later(by)),
                    MessageEffect::Reorder(limit) => ("reorder", later(limit)),
                };
                (what, filter.clone(), when.to_string(), suffix)
            }
            Self::Kill {
                function,
                step,
                when,
            } => {
                let target = format!("{function}.{}", step.name());
                ("kill", target, when.to_string(), String::new())
            }
            Self::Event {
                effect,
                function,
                when,
            } => {
                let (what, suffix) = match effect {
                    EventEffect::Late(by) => ("late", later(by)),
                    EventEffect::Twice => ("twice", String::new()),
                };
                (what, function.clone(), when.to_string(), suffix)
            }
            Self::Call {
                effect,
                target,
                call,
                operation,
                when,
            } => {
                let last = operation.or(call.map(Call::name));
                let parts: Vec<&str> = target.as_deref().into_iter().chain(last).collect();
                let suffix = match effect {
                    CallEffect::Slow(by) => later(by),
                    _ => String::new(),
                };
                (effect.name(), parts.join("."), when.to_string(), suffix)
            }
            Self::Device {
                effect,
                target,
                when,
            } => {
                let suffix = match (effect, when.lasts) {
                    (DeviceEffect::Drift(ppm), _) => format!("{ppm:+}ppm"),
                    (_, lasts) => lasts.as_ref().map(later).unwrap_or_default(),
                };
                let at = format!("t={}ms", when.at.as_millis());
                (effect.name(), target.clone(), at, suffix)
            }
        };
        write!(f, "{what}:{target}@{when}{suffix}")
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chance(probability) => write!(f, "{}%", probability * 100.0),
            Self::Counted { first, last } if first == last => write!(f, "{first}"),
            Self::Counted { first, last } => write!(f, "{first}-{last}"),
        }
    }
}
