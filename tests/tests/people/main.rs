//! What the template's three managed policies let a person do: `lockctl` runs with exactly the
//! rights of one of them.
//!
//! Must not know: which calls a command makes.

mod action;
mod doctor;
mod furniture;
mod topic;

use anyhow::{Context, Result, ensure};
use e2e::place::Place;
use e2e::shell::succeeds;

use furniture::furnish;

/// Who may run a command: this person, and those after.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Least {
    Viewer,
    Operator,
    Owner,
    Nobody,
}

const PEOPLE: [(Least, &str); 3] = [
    (Least::Viewer, "ViewerPolicy"),
    (Least::Operator, "OperatorPolicy"),
    (Least::Owner, "OwnerPolicy"),
];

/// A command, who may run it, and the beginning of the action that others lack.
type Row = (&'static [&'static str], Least, &'static str);

const COMMANDS: [Row; 22] = [
    (&["status"], Least::Viewer, ""),
    (&["status", "lock-1"], Least::Viewer, ""),
    (&["history", "lock-1"], Least::Viewer, ""),
    (&["bindings"], Least::Viewer, ""),
    (
        &["lock", "lock-1", "--no-wait"],
        Least::Operator,
        "iot:Publish",
    ),
    (
        &["unlock", "lock-1", "--no-wait"],
        Least::Operator,
        "iot:Publish",
    ),
    // A press without a button is for tests: nobody has the right to forge one.
    (
        &["press", "button-1", "--no-wait"],
        Least::Nobody,
        "iot:Publish",
    ),
    (
        &["register", "lock", "lock-4", "--record-only"],
        Least::Owner,
        "dynamodb:",
    ),
    (
        &["register", "button", "button-3", "--record-only"],
        Least::Owner,
        "dynamodb:",
    ),
    (
        &["register", "button", "button-4"],
        Least::Owner,
        "cloudformation:DescribeStacks",
    ),
    (
        &["home-assistant", "lock-1"],
        Least::Owner,
        "cloudformation:DescribeStacks",
    ),
    (&["rotate", "button-1"], Least::Owner, "iot:DescribeThing"),
    (&["bind", "button-2", "lock-1"], Least::Owner, "dynamodb:"),
    (&["label", "lock-1", "Front"], Least::Owner, "dynamodb:"),
    (&["revoke", "button-2"], Least::Owner, "dynamodb:"),
    (&["unbind", "button-2"], Least::Owner, "dynamodb:"),
    (&["forget", "lock-3", "--gone"], Least::Owner, "dynamodb:"),
    (
        &["recover", "lock-1", "--running"],
        Least::Owner,
        "dynamodb:",
    ),
    (&["pause"], Least::Owner, "iot:GetTopicRule"),
    (&["recover", "--all"], Least::Owner, "iot:GetTopicRule"),
    (&["resume"], Least::Owner, "iot:GetTopicRule"),
    (&["retire", "button-1", "--yes"], Least::Owner, "iot:"),
];

#[tokio::test]
async fn each_person_may_run_the_commands_of_the_role_and_no_other() -> Result<()> {
    let place = Place::start().await?;
    furnish(&place).await?;
    for (who, policy) in PEOPLE {
        for (arguments, least, action) in COMMANDS {
            let (output, missing) = place.run(policy, arguments).await?;
            let case = format!("{who:?} {arguments:?}: {output:?} {missing:?}");
            if who >= least {
                ensure!(output.status.success() && missing.is_empty(), "{case}");
                continue;
            }
            ensure!(!output.status.success(), "{case}");
            let first = missing.first().with_context(|| case.clone())?;
            ensure!(first.contains(&format!("\"Action\":\"{action}")), "{case}");
        }
    }
    place.cloud.shutdown().await;
    Ok(())
}

/// AWS refuses a managed policy that is longer, without white space.
const POLICY_CHARS_MAX: usize = 6144;

#[test]
fn each_managed_policy_is_short_enough_for_aws() -> Result<()> {
    for policy in e2e::place::template()?.managed_policies {
        let text = policy.document.to_string();
        let length = text.chars().filter(|c| !c.is_whitespace()).count();
        let name = &policy.logical_id;
        // A stack's name has up to 128 characters; the one of the tests has five.
        let names = text.matches(e2e::place::STACK).count();
        let longest = length + names * (128 - e2e::place::STACK.len());
        ensure!(longest <= POLICY_CHARS_MAX, "{name}: {longest}");
    }
    Ok(())
}

/// No lock has reported, so each of these acts leaves a door that may be open.
#[tokio::test]
async fn the_owner_leaves_the_sending_of_a_command_to_the_sweep() -> Result<()> {
    let place = Place::start().await?;
    furnish(&place).await?;
    for arguments in [
        &["bind", "button-2", "lock-1"][..],
        &["revoke", "button-1"],
        &["recover", "lock-2", "--running"],
    ] {
        let (output, missing) = place.run("OwnerPolicy", arguments).await?;
        let text = succeeds(&output)?;
        let words = "is committed, and the sweep will send it within a minute";
        ensure!(text.contains(words), "{arguments:?}: {text}");
        // Not even tried: a refused call would be seen here.
        ensure!(missing.is_empty(), "{arguments:?}: {missing:?}");
    }
    place.cloud.shutdown().await;
    Ok(())
}
