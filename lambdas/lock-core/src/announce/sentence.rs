//! The sentences: one for each alert code, and one for each way in which a door is unlocked.

use super::{Announcement, Called, UNLOCKED};
use crate::event::{Event, Kind};
use crate::label::Names;
use crate::reason::Alert;
use crate::report::Source;
use crate::time::UnixMillis;

/// An alert of `event`.
pub(super) fn of_alert(
    alert: Alert,
    event: &Event,
    names: &Names,
    time: &dyn Fn(UnixMillis) -> String,
) -> Announcement {
    let at = time(event.since.unwrap_or(event.at));
    let called = match (alert, &event.button) {
        (Alert::BatteryLow, Some(button)) => Called {
            name: button.to_string(),
            title: names.button(button),
        },
        _ => Called::of_subject(event, names),
    };
    let text = text_of(alert, event, &called, names, &at);
    let what = subject_of(alert, event.kind);
    Announcement::new(alert.as_str(), &called, what, &text)
}

impl Called {
    fn of_subject(event: &Event, names: &Names) -> Self {
        Self {
            name: event.subject.name().to_owned(),
            title: names.subject(&event.subject),
        }
    }
}

/// What happened, after the name of the door or button.
fn subject_of(alert: Alert, kind: Kind) -> &'static str {
    match alert {
        Alert::ImplausibleVersion => "impossible command number",
        Alert::OtherCommand => "executed an unknown command",
        Alert::UnlockedAtBoot => "unlocked after a power cut",
        Alert::NoVersionLeft => "takes no more commands",
        Alert::UnlockNotAnswered => "may be open",
        Alert::Unresponsive => "does not answer",
        Alert::Jammed => "jammed",
        Alert::Contested => "does not stay locked",
        Alert::Clock => "its clock is wrong",
        Alert::UnlockRefused => "refused an unlock",
        Alert::SettingsKept => "its settings file is lost",
        Alert::GivenUp => match kind {
            Kind::Press => "a press was given up",
            Kind::Request => "a request was given up",
            _ => "a report was given up",
        },
        Alert::NotPublished => "a command was not sent",
        Alert::Forced => "opened while locked",
        Alert::LeftOpen => "left open",
        Alert::BatteryLow => "battery low",
    }
}

/// The whole message: which door or button (`called`), what, since when (`at`), what to do.
fn text_of(alert: Alert, event: &Event, called: &Called, names: &Names, at: &str) -> String {
    let Called { name, title } = called;
    match alert {
        Alert::ImplausibleVersion => format!(
            "At {at} {title} reported a command number that nobody can have sent. It may refuse \
             commands from now on. Run lockctl recover {name} --running."
        ),
        Alert::OtherCommand => format!(
            "At {at} {title} reported a command that this system did not send. The system locks \
             the door. Find out who else sends commands to {name}."
        ),
        Alert::UnlockedAtBoot => format!(
            "{title} came up unlocked after a power cut at {at}. Check that the door is closed and \
             locked."
        ),
        Alert::NoVersionLeft => format!(
            "{title} can take no more commands: at {at} no command number was left. Run lockctl \
             recover {name} --running. Use the key until then."
        ),
        Alert::UnlockNotAnswered => format!(
            "{title} may be open: it did not answer an unlock by {at}. The system locks it now. \
             Check that the door is closed and locked."
        ),
        Alert::Unresponsive => unresponsive(event, title, at),
        Alert::Jammed => format!(
            "{title} is jammed: at {at} the bolt was neither locked nor unlocked. The system has \
             stopped trying. Free the bolt, then lock the door."
        ),
        Alert::Contested => format!(
            "{title} does not stay locked: by {at} the system had locked it several times in a \
             row. Check the door. Look for another system or a second device that uses this name."
        ),
        Alert::Clock => format!(
            "The clock of {title} is not set or wrong: an unlock failed because of it at {at}. \
             Check its Wi-Fi. Use the key until an unlock works again."
        ),
        Alert::UnlockRefused => format!(
            "{title} did not carry out an unlock by {at}{}. The system locks it now. Look at \
             lockctl history {name} before the next try.",
            detail(event)
        ),
        Alert::SettingsKept => format!(
            "At {at} {title} reported that its settings file is missing or damaged. It uses older \
             settings, which may be out of date. Write its settings again."
        ),
        Alert::GivenUp => given_up(event, called, names, at),
        Alert::NotPublished => format!(
            "A command to {title} could not be sent at {at}. The door may not have moved. A lock \
             command is sent again within minutes; repeat an unlock."
        ),
        Alert::Forced => format!(
            "{title} was opened at {at} while it was locked. Go and look, or send somebody who can."
        ),
        Alert::LeftOpen => {
            format!("{title} has been open since {at}. Close it, or find out why it is open.")
        }
        Alert::BatteryLow => format!(
            "The battery of {title} was low at {at}{}. Replace it soon.",
            detail(event)
        ),
    }
}

fn unresponsive(event: &Event, title: &str, at: &str) -> String {
    let since = match event.since {
        Some(_) => format!("has not answered since {at}"),
        None => format!("does not answer: this was noticed at {at}"),
    };
    format!(
        "{title} {since}. Check the door, which may be in any state. Check the power and the Wi-Fi \
         of the lock."
    )
}

fn given_up(event: &Event, called: &Called, names: &Names, at: &str) -> String {
    let (Called { name, title }, cause) = (called, event.reason.text());
    let button = event.button.as_ref();
    let button = button.map_or_else(|| title.clone(), |button| names.button(button));
    match event.kind {
        Kind::Press => format!(
            "A press of {button} at {at} was given up ({cause}). The door may not have moved. \
             Press again, and look at lockctl history {name} if this repeats."
        ),
        Kind::Request => format!(
            "A request to {title} at {at} was given up ({cause}). The door may not have moved. \
             Repeat it, and look at lockctl history {name} if this repeats."
        ),
        _ => format!(
            "A report of {title} at {at} was given up ({cause}). The next one replaces it. Look at \
             lockctl history {name} if this repeats."
        ),
    }
}

/// More about the reason, in brackets.
fn detail(event: &Event) -> String {
    let detail = event.detail.as_deref();
    detail.map_or_else(String::new, |detail| format!(" ({detail})"))
}

/// The unlock that `event` reports.
pub(super) fn of_unlock(
    event: &Event,
    names: &Names,
    time: &dyn Fn(UnixMillis) -> String,
) -> Announcement {
    let called = Called::of_subject(event, names);
    let (Called { name, title }, at) = (&called, time(event.at));
    let text = match (event.source, &event.button, &event.actor) {
        (Some(Source::Manual), ..) => {
            format!("{title} was unlocked by hand from inside at {at}.")
        }
        (Some(Source::Boot), ..) => {
            format!("{title} was unlocked by power-on at {at}. Check that the door is locked.")
        }
        (Some(Source::Auto), ..) => format!("{title} unlocked by itself at {at}."),
        (_, Some(button), _) => {
            format!("{title} was unlocked by {} at {at}.", names.button(button))
        }
        (_, None, Some(actor)) => {
            format!("{title} was unlocked at {at} by a request of {actor}.")
        }
        (_, None, None) => format!(
            "{title} was unlocked at {at} by a command. Look at lockctl history {name} for its \
             cause."
        ),
    };
    Announcement::new(UNLOCKED, &called, "unlocked", &text)
}
