//! The store's conditions are the core's: for random items and writes, a table commits exactly when
//! `admits` returns true, and then contains exactly what `apply` returns.
//!
//! Each condition is written once more as a sentence about the case. This independent reading names
//! the one that failed, and shows that each alone has both refused and passed a commit.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "condition/item.rs"]
mod item;
#[path = "condition/sentence.rs"]
mod sentence;
#[path = "condition/write.rs"]
mod write;

use lock_testing::table;
use std::cell::RefCell;

use aws_sdk_dynamodb::types::{DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest};
use lock_aws::item::{Item, Key, from_item, request_item, to_item};
use lock_aws::{Cloud, Committed, Conflict};
use lock_core::event::Subject;
use lock_core::record::Record;
use lock_core::time::{UnixMillis, UnixSeconds};
use lock_core::write::{BindingWrite, RecordWrite, RequestMark, Written};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use item::{Table, button, lock, other_lock};
use sentence::{CONDITIONS, Part};
use write::{Case, case, line};

/// Cases of one run, always the same ones.
const CASES: u32 = 600;
const SEED: u64 = 41;
/// Minimum number of cases in which a condition alone decides, per outcome.
const TIMES_MIN: u32 = 3;

/// The table afterwards, as the core has it; `None` where one of its conditions fails.
fn applied(case: &Case) -> Option<Table> {
    let Case { table, writes } = case;
    let binding = match &writes.binding {
        None => table.binding.clone(),
        Some(write) => Some(write.apply(table.binding.as_ref())?),
    };
    let record = match &writes.record {
        None => table.record.clone(),
        Some(write) => match write.apply(table.record.as_ref()) {
            Written::Conflict => return None,
            Written::Gone => None,
            Written::Record(record) => Some(*record),
        },
    };
    let other = match &writes.other {
        None => table.other.clone(),
        Some(other) => {
            let write = RecordWrite::Update(other.record.clone());
            Some(write.apply(table.other.as_ref()).record()?)
        }
    };
    let request = match (&writes.request, &table.request) {
        (Some(_), Some(_)) => return None,
        (mark, before) => mark.clone().or_else(|| before.clone()),
    };
    let [lock_listed, button_listed] = table.listed;
    let listed = [
        match &writes.record {
            Some(RecordWrite::Create(_)) => true,
            Some(RecordWrite::Delete(_)) => false,
            Some(RecordWrite::Update(_)) | None => lock_listed,
        },
        button_listed || matches!(&writes.binding, Some(BindingWrite::Create(_))),
    ];
    Some(Table {
        record,
        other,
        binding,
        request,
        listed,
    })
}

/// The keys of all that a case can touch, and what is there of a table without lines.
fn items(table: &Table) -> [(Key, Option<Item>); 8] {
    let mark = Key::request(&lock(), "request-1");
    let [lock_listed, button_listed] = table.listed;
    let record = |key: Key, record: &Option<Record>| {
        let item = record.as_ref().map(|record| to_item(&key, record));
        (key, item)
    };
    let listing = |subject: Subject, is_listed: bool| {
        let key = Key::listing(&subject);
        let item = is_listed.then(|| key.to_item());
        (key, item)
    };
    let binding = Key::binding(&button());
    let binding_item = table.binding.as_ref().map(|value| to_item(&binding, value));
    [
        record(Key::record(&lock()), &table.record),
        record(Key::record(&other_lock()), &table.other),
        (binding, binding_item),
        (mark, table.request.as_ref().map(request_item)),
        listing(Subject::Lock(lock()), lock_listed),
        listing(Subject::Button(button()), button_listed),
        (Key::event(&line(lock())), None),
        (Key::event(&line(other_lock())), None),
    ]
}

/// Puts the items of the case into the table, and takes the lines of the case before away.
async fn lay(cloud: &Cloud, table: &Table) {
    let put = |item| PutRequest::builder().set_item(Some(item)).build().unwrap();
    let delete = |key: &Key| {
        let delete = DeleteRequest::builder().set_key(Some(key.to_item()));
        delete.build().unwrap()
    };
    let writes = items(table).into_iter().map(|(key, item)| match item {
        Some(item) => WriteRequest::builder().put_request(put(item)).build(),
        None => WriteRequest::builder().delete_request(delete(&key)).build(),
    });
    let call = cloud.store.client().batch_write_item();
    call.request_items(table::TABLE, writes.collect())
        .send()
        .await
        .unwrap();
}

/// What the table holds, and whether it has the two lines.
async fn look(cloud: &Cloud) -> (Table, [bool; 2]) {
    let nothing = Table {
        record: None,
        other: None,
        binding: None,
        request: None,
        listed: [false; 2],
    };
    let keys = items(&nothing).map(|(key, _)| key);
    let wanted = KeysAndAttributes::builder()
        .consistent_read(true)
        .set_keys(Some(keys.iter().map(Key::to_item).collect()))
        .build()
        .unwrap();
    let call = cloud.store.client().batch_get_item();
    let answer = call.request_items(table::TABLE, wanted).send().await;
    let found = answer
        .unwrap()
        .responses
        .unwrap()
        .remove(table::TABLE)
        .unwrap();
    let [
        record,
        other,
        binding,
        request,
        lock_listed,
        button_listed,
        line,
        other_line,
    ] = keys.map(|key| {
        let own = key.to_item();
        let is_own = |item: &&Item| {
            own.iter()
                .all(|(name, value)| item.get(name) == Some(value))
        };
        found.iter().find(is_own).cloned()
    });
    let table = Table {
        record: record.map(|item| from_item(&item).unwrap()),
        other: other.map(|item| from_item(&item).unwrap()),
        binding: binding.map(|item| from_item(&item).unwrap()),
        request: request.as_ref().map(mark),
        listed: [lock_listed.is_some(), button_listed.is_some()],
    };
    (table, [line.is_some(), other_line.is_some()])
}

/// The mark that an item holds.
fn mark(item: &Item) -> RequestMark {
    let number = |name: &str| item[name].as_n().unwrap().parse().unwrap();
    let mark = RequestMark {
        request_id: "request-1".to_owned(),
        lock: lock(),
        at: UnixMillis(number("at")),
        ttl: UnixSeconds(number("ttl")),
    };
    assert_eq!(&request_item(&mark), item, "a mark holds nothing else");
    mark
}

/// The conflict about a part: it brings the item that the table had.
fn conflict(part: Part, table: &Table) -> Conflict {
    match part {
        Part::Request => Conflict::Request,
        Part::Binding => Conflict::Binding(table.binding.clone().map(Box::new)),
        Part::Record => Conflict::Record(table.record.clone().map(Box::new)),
        Part::Other => Conflict::Other,
    }
}

/// How often each condition held while all others did, and how often it alone did not.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    passed: u32,
    refused: u32,
}

fn count(tallies: &mut [Tally], held: &[Option<bool>]) {
    let failed = held.iter().filter(|held| **held == Some(false)).count();
    for (tally, held) in tallies.iter_mut().zip(held) {
        match held {
            Some(true) if failed == 0 => tally.passed += 1,
            Some(false) if failed == 1 => tally.refused += 1,
            _ => {}
        }
    }
}

#[test]
fn the_table_commits_exactly_when_the_core_admits_and_then_holds_what_it_applies() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cloud = runtime.block_on(table::cloud("127.0.0.1:9".parse().unwrap()));
    let tallies = RefCell::new([Tally::default(); CONDITIONS.len()]);
    let mut runner = TestRunner::new(Config {
        cases: CASES,
        rng_seed: RngSeed::Fixed(SEED),
        failure_persistence: None,
        ..Config::default()
    });
    let tried = runner.run(&case(), |case| {
        let held = CONDITIONS.map(|(_, _, holds)| holds(&case));
        let first = held.iter().position(|held| *held == Some(false));
        let refused_by = first.map(|at| CONDITIONS[at]);
        count(&mut *tallies.borrow_mut(), &held);

        let wanted = applied(&case);
        let sentence = refused_by.map(|(sentence, ..)| sentence);
        prop_assert_eq!(
            wanted.is_none(),
            sentence.is_some(),
            "the core against {:?}",
            sentence
        );

        let (committed, table, lines) = runtime.block_on(async {
            lay(&cloud, &case.table).await;
            let committed = cloud.store.commit(&case.writes).await.unwrap();
            let (table, lines) = look(&cloud).await;
            (committed, table, lines)
        });
        let wanted_answer = refused_by.map_or(Committed::Done, |(_, part, _)| {
            Committed::Conflict(conflict(part, &case.table))
        });
        prop_assert_eq!(
            committed,
            wanted_answer,
            "the table disagrees about {:?}",
            sentence
        );
        prop_assert_eq!(table, wanted.unwrap_or_else(|| case.table.clone()));
        let is_done = first.is_none();
        let wanted_lines = [is_done, is_done && case.writes.other.is_some()];
        prop_assert_eq!(lines, wanted_lines, "lines exactly with what is committed");
        Ok(())
    });
    if let Err(failure) = tried {
        panic!("{failure}");
    }
    for ((sentence, ..), tally) in CONDITIONS.iter().zip(tallies.into_inner()) {
        assert!(
            tally.passed >= TIMES_MIN && tally.refused >= TIMES_MIN,
            "{sentence:?} is not shown: {tally:?}"
        );
    }
}
