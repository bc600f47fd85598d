//! What an operator can do and see: revocation, recovery, histories, errors.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use lock_aws::{Committed, Conflict, Remedy, chain};
use lock_core::action::{Action, ClickType};
use lock_core::event::Subject;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::reason::Verdict;
use lock_core::record::{Cause, Status};
use lock_core::report::Latch;
use lock_core::time::UnixMillis;
use lock_core::{decide_press, decide_revoke};
use lock_testing::bound::{NOW, bound, button, decide, limits, lock, press};
use lock_testing::table;
use tokio::io::AsyncWriteExt;

#[tokio::test(flavor = "multi_thread")]
async fn history_is_newest_first_without_expired_lines() {
    let (cloud, _) = bound().await;
    for n in 0..7_u64 {
        let at = NOW.plus(n * 60_000);
        let ignored = decide(
            &cloud,
            &press(&format!("p{n}"), ClickType::Long, None, at),
            at.plus(40_000),
        )
        .await;
        assert_eq!(ignored.verdict, Verdict::Ignored);
        cloud.store.commit(&ignored.writes).await.unwrap();
    }
    let keys = |now, limit| {
        let store = cloud.store.clone();
        async move {
            let events = store
                .read_history(&Subject::Lock(lock()), limit, now)
                .await
                .unwrap();
            events
                .into_iter()
                .map(|event| event.key)
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(keys(NOW, 3).await, ["p6", "p5", "p4"]);
    let all_but_two_over = NOW.plus(limits().event_ttl_ms + 4 * 60_000);
    assert_eq!(keys(all_but_two_over, 9).await, ["p6", "p5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_line_is_sorted_by_its_last_press() {
    let (cloud, _) = bound().await;
    let minute = UnixMillis(NOW.0 - NOW.0 % 60_000);
    // In one minute: 30 presses that act, each followed by one that is too late to.
    for n in 0..30_u64 {
        let at = minute.plus(n * 1_000);
        let acts = press(&format!("p{n}"), ClickType::Double, Some(n + 1), at);
        let acts = decide(&cloud, &acts, at).await;
        cloud.store.commit(&acts.writes).await.unwrap();
        if n < 20 {
            let at = at.plus(500);
            let late = press(&format!("late{n}"), ClickType::Long, Some(n + 1_000), at);
            let late = decide(&cloud, &late, at.plus(40_000)).await;
            assert_eq!(late.reason.code(), "stale");
            cloud.store.commit(&late.writes).await.unwrap();
        }
    }
    let subject = Subject::Lock(lock());
    let newest = |limit| {
        let (store, subject) = (cloud.store.clone(), subject.clone());
        async move {
            store
                .read_history(&subject, limit, UnixMillis(0))
                .await
                .unwrap()
        }
    };
    let lines = newest(12).await;
    let keys: Vec<&str> = lines.iter().map(|line| line.key.as_str()).collect();
    let wanted = [
        "p29", "p28", "p27", "p26", "p25", "p24", "p23", "p22", "p21", "p20", "late0", "p19",
    ];
    assert_eq!(
        keys, wanted,
        "the shared line begins with the minute, and ends after p19"
    );
    assert_eq!(lines[10].count, Some(20));
    assert_eq!(newest(3).await.len(), 3);
    assert_eq!(newest(0).await.len(), 0);
    let since = cloud
        .store
        .read_history_since(&subject, minute.plus(19_200))
        .await
        .unwrap();
    let keys: Vec<&str> = since.iter().map(|line| line.key.as_str()).collect();
    assert_eq!(keys, wanted[..11]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_names_the_operation_the_key_and_the_table() {
    let cloud = table::cloud("127.0.0.1:9".parse().unwrap()).await;
    cloud
        .store
        .client()
        .delete_table()
        .table_name(table::TABLE)
        .send()
        .await
        .unwrap();
    let error = cloud.store.read_record(&lock()).await.unwrap_err();
    let text = chain(&error);
    let wanted = "read the record of lock-1 in table remote-lock: ResourceNotFoundException: ";
    assert!(text.starts_with(wanted), "{text}");
    assert_eq!(text.matches("lock-1").count(), 1, "named once: {text}");
    assert_eq!(error.source.remedy(), Remedy::Name);
    let revoked = cloud.revoke(&button(), None, &limits()).await;
    let text = chain(&revoked.unwrap_err());
    let wanted = "read the binding of button-1 in table remote-lock: ResourceNotFoundException: ";
    assert!(text.starts_with(wanted), "{text}");
    assert_eq!(
        text.matches("ResourceNotFoundException").count(),
        1,
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_without_a_service_is_no_connection() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let cloud = table::client(nobody, nobody);
    let error = cloud.store.describe().await.unwrap_err();
    assert_eq!(error.source.remedy(), Remedy::Connection);
    let text = chain(&error);
    let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
    let wanted = format!("describe table remote-lock: no connection: {refused}");
    assert!(text.to_lowercase().starts_with(&wanted), "{text}");
}

/// A service whose clock is elsewhere: answers `DescribeTable`, with its own date.
async fn service_at(date: &'static str) -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        lock_testing::message::read_message(&mut stream, &mut bytes)
            .await
            .unwrap();
        let table =
            r#"{"Table":{"TableArn":"arn:aws:dynamodb:eu-west-1:123456789012:table/remote-lock"}}"#;
        let answer = format!(
            "HTTP/1.1 200 -\r\ndate: {date}\r\ncontent-type: application/x-amz-json-1.0\r\n\
                 content-length: {}\r\n\r\n{table}",
            table.len()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_uses_the_services_time() {
    let service = service_at("Sat, 22 Nov 2025 02:45:12 GMT").await;
    let cloud = table::client(service, "127.0.0.1:9".parse().unwrap());
    let seen = cloud.store.describe().await.unwrap();
    assert_eq!(seen.account, "123456789012");
    let there = UnixMillis(1_763_779_512_000);
    let now = seen.clock.now();
    assert!(there <= now && now < there.plus(60_000), "{now:?}");

    let cloud = table::cloud("127.0.0.1:9".parse().unwrap()).await;
    let (before, seen) = (
        lock_aws::clock::now(),
        cloud.store.describe().await.unwrap(),
    );
    let (now, after) = (seen.clock.now(), lock_aws::clock::now());
    assert!(
        before <= now && now <= after,
        "clocks that agree are left alone"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn revoking_a_button_of_an_open_door_locks_it_in_the_same_transaction() {
    let (cloud, binding) = bound().await;
    let opening = decide(&cloud, &press("p1", ClickType::Long, Some(1), NOW), NOW).await;
    cloud.store.commit(&opening.writes).await.unwrap();
    let before = cloud.store.read_record(&lock()).await.unwrap().unwrap();
    let stale = decide_revoke(&binding, None, None, NOW, &limits());
    let revoked = cloud.revoke(&button(), Some("alice"), &limits()).await;
    assert_eq!(revoked.unwrap().unwrap().publish, None);

    let after = cloud.store.read_record(&lock()).await.unwrap().unwrap();
    assert!(after.version > before.version);
    let command = after.command.unwrap();
    assert_eq!((command.action, command.attempts), (Action::Lock, 0));
    assert_eq!(
        command.cause,
        Cause::System {
            reason: "revoked".into()
        }
    );
    let disabled = cloud.store.read_binding(&button()).await.unwrap().unwrap();
    let lines = cloud
        .store
        .read_history(&Subject::Lock(lock()), 1, UnixMillis(0))
        .await
        .unwrap();
    assert_eq!(
        lines[0].to_string(),
        format!("alice revokes button-1: lock {} (revoked)", after.version)
    );
    assert_eq!(
        (disabled.enabled, disabled.revision),
        (false, lines[0].at.0),
        "the time of the revocation"
    );
    assert!(disabled.revision > binding.revision);

    let ignored = decide(&cloud, &press("p2", ClickType::Long, Some(2), NOW), NOW).await;
    assert_eq!(ignored.reason.code(), "revoked");
    let late = cloud.store.commit(&stale.writes).await.unwrap();
    assert!(
        matches!(late, Committed::Conflict(Conflict::Binding(Some(_)))),
        "a revision is disabled once"
    );
    let again = cloud
        .revoke(&button(), None, &limits())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((again.verdict, again.publish), (Verdict::Ignored, None));
    let nobody = ButtonSerial::new("button-9").unwrap();
    assert!(
        cloud
            .revoke(&nobody, None, &limits())
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_decided_before_a_press_unlocked_is_not_committed() {
    let (cloud, binding) = bound().await;
    table::leave(&cloud, &lock(), Status::Settled, Latch::Locked).await;
    let read = cloud.store.read_record(&lock()).await.unwrap();
    let decision = decide_revoke(&binding, read.as_ref(), None, NOW, &limits());
    assert_eq!(decision.publish, None, "nothing was open then");
    let opening = decide(&cloud, &press("p1", ClickType::Long, Some(1), NOW), NOW).await;
    cloud.store.commit(&opening.writes).await.unwrap();
    let committed = cloud.store.commit(&decision.writes).await.unwrap();
    assert!(matches!(
        committed,
        Committed::Conflict(Conflict::Record(Some(_)))
    ));
    assert!(
        cloud
            .store
            .read_binding(&button())
            .await
            .unwrap()
            .unwrap()
            .enabled
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovered_record_is_locked_again_and_its_unlock_is_never_sent_again() {
    let (cloud, binding) = bound().await;
    let at = lock_aws::clock::now();
    let first = press("p1", ClickType::Long, Some(1), at);
    let opening = decide(&cloud, &first, at).await;
    cloud.store.commit(&opening.writes).await.unwrap();
    let recovered = cloud.recover(&lock(), None, Some("alice"), &limits()).await;
    let published = recovered.unwrap().unwrap().decision.publish;
    assert_eq!(published, None, "the sweep sends it");
    let record = cloud.store.read_record(&lock()).await.unwrap().unwrap();
    assert_eq!(record.status, Status::Unresponsive);
    let command = record.command.as_ref().unwrap();
    assert_eq!(
        (command.action, record.due.due_at),
        (Action::Lock, command.next_send_at)
    );
    let binding = cloud.store.read_binding(&binding.button).await.unwrap();
    let retried = decide_press(Some(&record), binding.as_ref(), &first, at, &limits());
    assert_eq!(
        (retried.reason.code(), retried.publish),
        ("duplicate", None)
    );
    let nowhere = LockName::new("lock-9").unwrap();
    assert!(
        cloud
            .recover(&nowhere, None, None, &limits())
            .await
            .unwrap()
            .is_none()
    );
}
