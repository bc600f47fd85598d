//! What `lockctl register` refuses because of the stack, the thing or the certificate.

use anyhow::{Context, Result, ensure};
use aws_sdk_iot::types::{AttributePayload, CertificateStatus};
use e2e::place::{Place, text};
use e2e::shell::succeeds;

use crate::account::{certificates, iot};

const REGISTER: [&str; 7] = [
    "register",
    "lock",
    "front",
    "--unlocked-level",
    "1",
    "--power-on",
    "locked",
];

/// Runs the registration, which must be refused with these words.
async fn check_refused(place: &Place, words: &str) -> Result<()> {
    let output = place.lockctl(place.cloud.credentials(), &REGISTER).await?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(1), "{output:?}");
    ensure!(text.contains(words), "wanted {words}: {text}");
    Ok(())
}

#[tokio::test]
async fn a_stack_that_lets_no_lock_in_is_named_before_anything_is_made() -> Result<()> {
    let place = Place::start().await?;
    let whole = text()?;
    for (old, new, words) in [
        (
            "\n  LockPolicyName:\n",
            "\n  OtherName:\n",
            "stack doors has no output LockPolicyName: deploy the template of this release",
        ),
        (
            "Value: !Ref LockPolicy\n",
            "Value: absent\n",
            "the policy absent of the stack is gone: deploy the template again",
        ),
        (
            ":topicfilter/remote-lock/",
            ":topicfilter/other/",
            "front is not registered: policy doors-lock does not allow iot:Subscribe on \
             topicfilter/remote-lock/front; deploy the template again",
        ),
    ] {
        let changed = whole.replacen(old, new, 1);
        ensure!(changed != whole, "the template has no {old}");
        place.change(&changed).await?;
        check_refused(&place, words).await?;
    }
    ensure!(certificates(&iot(&place)).await?.is_empty());
    ensure!(!place.folder().join("devices").exists());
    place.cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_revoked_certificate_and_a_begun_retirement_end_a_registration() -> Result<()> {
    let place = Place::start().await?;
    let iot = iot(&place);
    succeeds(&place.lockctl(place.cloud.credentials(), &REGISTER).await?)?;
    let all = certificates(&iot).await?;
    let id = all.first().context("no certificate")?.id.clone();
    let revoke = iot.update_certificate().certificate_id(&id);
    let revoke = revoke.new_status(CertificateStatus::Revoked);
    revoke.send().await.context("revoke the certificate")?;
    let words = format!(
        "front is not registered: certificate {id} of its key was revoked; move its folder away, \
         and repeat this command for a new key"
    );
    check_refused(&place, &words).await?;

    let note = AttributePayload::builder().attributes("retiring", &id);
    let note = iot
        .update_thing()
        .thing_name("front")
        .attribute_payload(note.build());
    note.send().await.context("note the retirement")?;
    let words = "front is not registered: it is being retired; finish that with `lockctl retire \
                 front`, then repeat this command";
    check_refused(&place, words).await?;
    place.cloud.shutdown().await;
    Ok(())
}
