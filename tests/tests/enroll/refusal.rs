//! What `lockctl register` and `lockctl rotate` refuse because of the stack, the thing or the
//! certificate.

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
    check_failed(place, &REGISTER, words).await
}

/// Runs a command, which must fail with these words.
async fn check_failed(place: &Place, arguments: &[&str], words: &str) -> Result<()> {
    let output = place.lockctl(place.cloud.credentials(), arguments).await?;
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

/// Notes something on a thing, as a command does that ends early.
async fn note(place: &Place, thing: &str, name: &str, value: &str) -> Result<()> {
    let note = AttributePayload::builder()
        .attributes(name, value)
        .merge(true);
    let update = iot(place).update_thing().thing_name(thing);
    let update = update.attribute_payload(note.build());
    update.send().await.map(drop).context("note on the thing")
}

#[tokio::test]
async fn a_rotation_refuses_a_thing_that_it_cannot_rotate() -> Result<()> {
    let place = Place::start().await?;
    let bare = iot(&place).create_thing().thing_name("bare");
    bare.send().await.context("create a thing")?;
    let words = "bare is not rotated: it has no certificate with a policy to replace: `lockctl \
                 register` makes the first";
    check_failed(&place, &["rotate", "bare"], words).await?;

    succeeds(&place.lockctl(place.cloud.credentials(), &REGISTER).await?)?;
    let id = certificates(&iot(&place)).await?.remove(0).id;
    note(
        &place,
        "front",
        "rotating",
        &format!("{}:{id}", "0".repeat(64)),
    )
    .await?;
    let finish = ["rotate", "front", "--finish"];
    let words = "the rotation of front is not finished: its new certificate is not complete: \
                 repeat `lockctl rotate front` first";
    check_failed(&place, &finish, words).await?;

    note(&place, "front", "retiring", &id).await?;
    let words = "it is being retired: finish that with `lockctl retire front`";
    for arguments in [&["rotate", "front"][..], &finish] {
        check_failed(&place, arguments, words).await?;
    }
    let all = certificates(&iot(&place)).await?;
    ensure!(all.len() == 1 && all[0].is_active, "{all:?}");
    place.cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_rotation_that_fails_in_the_middle_names_what_is_done() -> Result<()> {
    let place = Place::start().await?;
    succeeds(&place.lockctl(place.cloud.credentials(), &REGISTER).await?)?;
    let whole = text()?;
    let lacking = whole.replace("iot:CreateCertificateFromCsr", "sns:ListTopics");
    ensure!(lacking != whole, "the template has changed");
    place.change(&lacking).await?;
    let owner = place.person("OwnerPolicy")?;
    let output = place.lockctl(&owner, &["rotate", "front"]).await?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(1), "{output:?}");
    let words = "front has no complete new certificate (done: new private key in \
                 devices/front/new); repeat the command";
    ensure!(text.contains(words), "{text}");
    place.cloud.shutdown().await;
    Ok(())
}
