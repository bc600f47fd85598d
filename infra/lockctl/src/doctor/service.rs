//! The links of functions, queues and alarms.
//!
//! Must not know: how anything was seen.

use lock_aws::registry::FunctionState;

use super::evidence::{Evidence, Function};
use super::judge::unknown;
use super::link::{Link, Verdict};

/// The links of the functions.
pub fn functions(evidence: &Evidence) -> Vec<Link> {
    let functions = evidence.functions.iter();
    let links = functions.map(|found| {
        let verdict = function(evidence, found);
        Link::new(format!("function {}", found.role), verdict)
    });
    let mut links: Vec<Link> = links.collect();
    links.push(Link::new("functions run", run(evidence)));
    links
}

fn function(evidence: &Evidence, function: &Function) -> Verdict {
    let name = match &function.name {
        Ok(name) => name,
        Err(unseen) => return unknown(evidence, unseen),
    };
    let state = match &function.state {
        Err(unseen) => return unknown(evidence, unseen),
        Ok(None) => {
            return Verdict::broken(
                format!("the function {name} does not exist"),
                evidence.deploy(),
            );
        }
        Ok(Some(state)) => state,
    };
    if let Some(broken) = state_of(evidence, name, state) {
        return broken;
    }
    let runs = match &function.runs {
        Err(unseen) => return unknown(evidence, unseen),
        Ok(runs) => *runs,
    };
    let (invocations, errors) = (runs.invocations, runs.errors);
    if errors > 0 && errors * 2 >= invocations {
        return Verdict::broken(
            format!(
                "{errors} of the {invocations} invocations of {name} in the last 15 minutes failed"
            ),
            evidence.log(function.role),
        );
    }
    if function.role == "sweep" && invocations == 0 {
        return Verdict::Unknown(format!(
            "{name} has not run in the last 15 minutes. Right after a deployment that is normal; \
             later: {}",
            if evidence.is_local {
                evidence.deploy()
            } else {
                "aws scheduler list-schedules --query 'Schedules[].[Name,State]'".to_owned()
            }
        ));
    }
    let version = state.live_version.as_deref().unwrap_or_default();
    Verdict::Ok(format!(
        "{name}:live is version {version}; {invocations} invocations in the last 15 minutes, \
         {errors} failed"
    ))
}

/// Why a function cannot run; `None` if it can.
fn state_of(evidence: &Evidence, name: &str, state: &FunctionState) -> Option<Verdict> {
    let reason = state.reason.as_ref();
    let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
    if state.live_version.is_none() {
        return Some(Verdict::broken(
            format!("the function {name} has no alias live, which rules and schedule invoke"),
            evidence.deploy(),
        ));
    }
    match state.state.as_str() {
        // Lambda takes the code of an idle function away, and brings it back at its next event.
        "Active" | "Inactive" => {}
        "Pending" => {
            return Some(Verdict::broken(
                format!("the function {name} is being created{reason}"),
                format!("aws lambda wait function-active-v2 --function-name {name}"),
            ));
        }
        other => {
            return Some(Verdict::broken(
                format!("the function {name} is in the state {other}{reason}"),
                evidence.deploy(),
            ));
        }
    }
    match state.last_update.as_str() {
        "Successful" => None,
        "InProgress" => Some(Verdict::broken(
            format!("the function {name} is being updated{reason}"),
            format!("aws lambda wait function-updated-v2 --function-name {name}"),
        )),
        other => Some(Verdict::broken(
            format!("the last update of the function {name} is {other}{reason}"),
            evidence.deploy(),
        )),
    }
}

fn run(evidence: &Evidence) -> Verdict {
    match &evidence.limits {
        Ok(Some(limits)) => Verdict::Ok(format!(
            "an unlock lives for {} s",
            limits.command_ttl_ms / 1000
        )),
        Ok(None) => Verdict::Unknown(
            "none has written its limits to the table yet: press a button, and look again"
                .to_owned(),
        ),
        Err(unseen) => unknown(evidence, unseen),
    }
}

/// The link of the failure queue.
pub fn failure_queue(evidence: &Evidence) -> Verdict {
    match &evidence.failure_queue {
        Err(unseen) => unknown(evidence, unseen),
        Ok(depth) if depth.total() == 0 => Verdict::Ok("empty".to_owned()),
        Ok(depth) => Verdict::broken(
            format!(
                "{} waiting and {} received: the failure function does not record them",
                depth.waiting, depth.in_flight
            ),
            evidence.log("failure"),
        ),
    }
}

/// The link of the poison queue.
pub fn poison_queue(evidence: &Evidence) -> Verdict {
    match &evidence.poison_queue {
        Err(unseen) => unknown(evidence, unseen),
        Ok(depth) if depth.total() == 0 => Verdict::Ok("empty".to_owned()),
        Ok(depth) => Verdict::broken(
            format!(
                "failures that could not be recorded, or alerts that were not sent: {}",
                depth.total()
            ),
            format!(
                "{}; once the cause is fixed, {}",
                evidence.lockctl("failures"),
                evidence.lockctl("failures --redrive")
            ),
        ),
    }
}

/// The link of the alarms.
pub fn alarms(evidence: &Evidence) -> Verdict {
    let alarms = match &evidence.alarms {
        Err(unseen) => return unknown(evidence, unseen),
        Ok(alarms) => alarms,
    };
    let Some(first) = alarms.first() else {
        let has_none = evidence.parameter("Alarms") == Some("none");
        return Verdict::Ok(if has_none {
            "the stack has none (Alarms=none)".to_owned()
        } else {
            "none is on".to_owned()
        });
    };
    let names: Vec<&str> = alarms.iter().map(|alarm| alarm.name.as_str()).collect();
    Verdict::broken(
        format!("on: {} ({})", names.join(", "), first.reason),
        format!(
            "do what infra/docs/RUNBOOK.md, \"Alarms\", says for {}",
            names.join(", ")
        ),
    )
}
