//! The policy of somebody who looks for what is broken: it is enough, and those who lack it are
//! referred to it.

use anyhow::{Context, Result, ensure};
use e2e::place::{Place, template};
use serde_json::Value;

use crate::furniture::furnish;

/// Most characters of a managed policy, without white space. Source: IAM quotas.
const POLICY_CHARS_MAX: usize = 6_144;

#[test]
fn each_managed_policy_is_shorter_than_iam_allows() -> Result<()> {
    for policy in template()?.managed_policies {
        let text = policy.document.to_string();
        let chars = text.chars().filter(|c| !c.is_whitespace()).count();
        ensure!(chars <= POLICY_CHARS_MAX, "{}: {chars}", policy.logical_id);
    }
    Ok(())
}

#[tokio::test]
async fn the_policy_of_the_doctor_is_enough() -> Result<()> {
    let place = Place::start().await?;
    furnish(&place).await?;
    for arguments in [&["doctor"][..], &["doctor", "button-1"], &["failures"]] {
        let (output, missing) = place.run("DoctorPolicy", arguments).await?;
        ensure!(missing.is_empty(), "{arguments:?}: {missing:?} {output:?}");
    }
    // It changes nothing.
    let (output, _) = place.run("DoctorPolicy", &["revoke", "button-2"]).await?;
    ensure!(!output.status.success(), "{output:?}");
    place.cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn whoever_lacks_a_right_learns_which_policy_has_it() -> Result<()> {
    let place = Place::start().await?;
    furnish(&place).await?;
    let (output, _) = place
        .run("OwnerPolicy", &["doctor", "--output", "json"])
        .await?;
    let body: Value = serde_json::from_slice(&output.stdout).context("no JSON")?;
    let links = body["links"].as_array().context("no links")?;
    let alarms = links.iter().find(|link| link["link"] == "alarms");
    let alarms = alarms.context("no link alarms")?;
    ensure!(alarms["state"] == "unknown", "{alarms}");
    let why = alarms["why"].as_str().unwrap_or_default();
    let policy = place.cloud.outputs().get("DoctorPolicyArn");
    let policy = policy.context("no output DoctorPolicyArn")?;
    for part in ["cloudwatch:DescribeAlarms", "attach the policy", policy] {
        ensure!(why.contains(part), "{why}");
    }
    place.cloud.shutdown().await;
    Ok(())
}
