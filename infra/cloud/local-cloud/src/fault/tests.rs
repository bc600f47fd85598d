//! The written form of faults, and which occurrences they strike.

use super::*;
use crate::clock::Clock;

fn faults(specs: &[&str], seed: u64) -> Faults {
    let parsed = specs.iter().map(|s| s.parse().unwrap()).collect();
    Faults::new(parsed, seed, EventBus::new(Clock::system()))
}

#[test]
fn a_fault_is_displayed_as_it_was_parsed() {
    for spec in [
        "drop:a/+@5%",
        "duplicate:$aws/things/+/shadow/update/accepted@3",
        "delay:a:b/#@2-4+200ms",
        "reorder:a/+@5%+300ms",
        "kill:press.after-commit@1",
        "kill:my.function.before-read@50%",
        "late:press@1+6000ms",
        "twice:press@2-4",
        "conflict:press@1",
        "throttle:press@2-3",
        "throttle:my.function.read@5%",
        "lost-request:press.commit@1",
        "lost-answer:press.publish@1",
        "cut-request:press.read@1",
        "cut-answer:press.commit@5%",
        "throttle:press.shadow@1",
        "throttle:PutItem@1",
        "exceed:Items.PutItem@5%",
        "exceed:my.function.commit@1",
        "slow:Items@2-4+1500ms",
        "slow:TransactWriteItems@1+200ms",
        "lost-answer:Items.GetItem@1",
        "power:thing-1@t=20000ms+3000ms",
        "network:thing-1@t=0ms",
        "clock:thing-1@t=1000ms",
        "clock:thing-1@t=1000ms+5000ms",
        "drift:thing-1@t=0ms+200ppm",
        "drift:thing-1@t=1000ms-999999ppm",
    ] {
        let fault: Fault = spec.parse().unwrap();
        assert_eq!(fault.to_string(), spec);
    }
}

#[test]
fn times_may_have_units() {
    let fault: Fault = "power:thing-1@t=2m+3s".parse().unwrap();
    let expected = Schedule {
        at: Duration::from_secs(120),
        lasts: Some(Duration::from_secs(3)),
    };
    assert!(matches!(fault, Fault::Device { when, .. } if when == expected));
}

const DRIFT: &str = "a drift must be like +200ppm or -200ppm, and below 1000000";

#[test]
fn an_invalid_fault_is_refused_with_the_reason() {
    for (spec, problem) in [
        ("drop", "no colon after the kind of fault"),
        ("drop:a", "no @<when>"),
        ("drop:@1", "no target"),
        ("drop:a#@1", "not a topic filter"),
        ("drop:a@often", "<when> must be like 5%, 3 or 2-4"),
        ("drop:a@101%", "a chance must be from 0% to 100%"),
        (
            "drop:a@0",
            "occurrences count from 1, and the lower one comes first",
        ),
        ("delay:a@1", "no +<time> after <when>"),
        ("kill:f@1", "no .<step>"),
        (
            "kill:f.later@1",
            "a step is before-read, before-commit, after-commit, before-publish or after-publish",
        ),
        ("power:d@1", "<when> must be like t=20s"),
        ("power:d@t=1s-1s", "only a drift can be negative"),
        ("clock:d@t=1s-5s", "only a drift can be negative"),
        ("drift:d@t=1s", DRIFT),
        ("drift:d@t=1s+5s", DRIFT),
        ("drift:d@t=1s+1000000ppm", DRIFT),
        ("drift:d@t=1s-1000000ppm", DRIFT),
        ("power:d@t=1h", "a time must be like 200ms, 20s or 3m"),
        ("late:f@1", "no +<time> after <when>"),
        ("burn:d@1", "unknown kind of fault"),
        ("conflict:f.read@1", "this fault cannot strike this call"),
        ("throttle:f.publish@1", "this fault cannot strike this call"),
        ("exceed:f.shadow@1", "this fault cannot strike this call"),
        (
            "conflict:Items.GetItem@1",
            "this fault cannot strike this call",
        ),
        ("slow:f@1", "no +<time> after <when>"),
        (
            "lost-request:f@1",
            "no .<call>: read, commit, publish or shadow",
        ),
        (
            "cut-answer:f@1",
            "no .<call>: read, commit, publish or shadow",
        ),
        ("lost-answer:f.read@", "<when> must be like 5%, 3 or 2-4"),
        ("reorder:a@1+soon", "a time must be like 200ms, 20s or 3m"),
    ] {
        let error = spec.parse::<Fault>().unwrap_err();
        assert_eq!(error.problem, problem, "{spec}");
    }
}

// AWS same(faults): QoS 0 messages may be lost, QoS 1 messages may arrive twice or late
#[test]
fn counted_faults_strike_exactly_those_occurrences() {
    let faults = faults(&["drop:a@2", "duplicate:+@1-2", "delay:b@1+1s"], 0);
    let copies: Vec<u32> = (0..4).map(|_| faults.fate_of("a").copies).collect();
    assert_eq!(copies, [2, 0, 1, 1]);
    assert_eq!(faults.fate_of("b").delay, Duration::from_secs(1));
}

#[test]
fn chances_follow_the_seed() {
    let run = |seed| -> Vec<u32> {
        let faults = faults(&["drop:a@50%"], seed);
        (0..64).map(|_| faults.fate_of("a").copies).collect()
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
    let dropped = run(7).iter().filter(|c| **c == 0).count();
    assert!((16..48).contains(&dropped), "{dropped} of 64 at 50%");
}

// AWS different(faults): AWS cannot end a function at a step; here a fault kills it at a step,
//     recognised by its requests
#[test]
fn a_kill_strikes_its_function_at_its_step_once() {
    let faults = faults(&["kill:press.after-commit@1"], 0);
    assert!(!faults.kills(&["report"], Step::AfterCommit));
    assert!(!faults.kills(&["press"], Step::BeforeCommit));
    assert!(faults.kills(&["stack-PressFunction", "press"], Step::AfterCommit));
    assert!(!faults.kills(&["press"], Step::AfterCommit));
}

// AWS same(faults): an asynchronous event may wait in the queue, and may reach the function twice
#[test]
fn an_event_may_be_late_or_delivered_twice() {
    let faults = faults(&["late:press@1+6s", "twice:press@1-2"], 0);
    let fate = |names: &[&str]| {
        let fate = faults.fate_of_event(names);
        (fate.copies, fate.delay.as_secs())
    };
    assert_eq!(fate(&["report"]), (1, 0));
    assert_eq!(fate(&["stack-PressFunction", "press"]), (2, 6));
    assert_eq!(fate(&["press"]), (2, 0));
    assert_eq!(fate(&["press"]), (1, 0));
}

#[test]
fn a_call_has_the_fate_of_the_first_fault_that_strikes_it() {
    use CallEffect::{Conflict, LostAnswer, Throttle};
    let faults = faults(
        &[
            "conflict:press@1",
            "throttle:press@2-3",
            "lost-answer:press.publish@1",
        ],
        0,
    );
    let fate = |name: &str, call| {
        let names = &[name];
        let operation = None;
        let observed = ObservedCall {
            names,
            call,
            operation,
        };
        faults.fate_of_call(&observed).0
    };
    for (name, call, expected) in [
        ("report", Call::Commit, None),
        ("press", Call::Read, None),
        ("press", Call::Commit, Some(Conflict)),
        ("press", Call::Commit, Some(Throttle)),
        ("press", Call::Read, None),
        ("press", Call::Publish, Some(LostAnswer)),
        ("press", Call::Publish, None),
    ] {
        assert_eq!(fate(name, call), expected, "{name} {call:?}");
    }
}

#[test]
fn a_fault_armed_later_counts_from_then() {
    let faults = faults(&[], 0);
    assert!(!faults.kills(&["press"], Step::BeforeRead));
    faults
        .arm("kill:press.before-read@1".parse().unwrap())
        .unwrap();
    assert!(faults.kills(&["press"], Step::BeforeRead));
    assert!(!faults.kills(&["press"], Step::BeforeRead));
}

#[test]
fn a_fault_is_armed_until_it_is_spent_or_ended() {
    let faults = faults(&["kill:press.before-read@2", "drop:a@50%", "drop:a@50%"], 0);
    let all = ["kill:press.before-read@2", "drop:a@50%", "drop:a@50% (2)"];
    assert_eq!(faults.armed(), all);
    assert!(!faults.kills(&["press"], Step::BeforeRead));
    assert_eq!(faults.armed(), all, "it waits for the second one");
    assert!(faults.kills(&["press"], Step::BeforeRead));
    assert_eq!(faults.armed(), all[1..]);
    assert!(faults.end("drop:a@50%"));
    assert!(!faults.end("drop:a@50%"), "it has ended");
    assert_eq!(faults.armed(), ["drop:a@50% (2)"]);
    faults.arm("drop:a@50%".parse().unwrap()).unwrap();
    assert_eq!(faults.armed(), ["drop:a@50% (2)", "drop:a@50%"]);
    for armed in faults.armed() {
        assert!(faults.end(&armed));
    }
    assert_eq!(faults.fate_of("a").copies, 1);
}

#[test]
fn every_kind_of_fault_is_in_the_help_with_a_valid_example() {
    let mut kinds: Vec<&str> = Vec::new();
    let help = Fault::help(true);
    for line in help.lines() {
        let example = line.split_whitespace().last().unwrap_or_default();
        if !line.starts_with("  ") && line.contains(":<") {
            kinds.extend(line.split_once(':').map(|(kind, _)| kind));
        }
        if example.contains('@') && !example.contains('<') {
            let kind = kinds.pop().unwrap_or_default();
            assert!(example.starts_with(kind), "{kind}: {example}");
            example.parse::<Fault>().unwrap();
        }
    }
    assert_eq!(kinds, [""; 0], "kinds without an example");
    assert!(help.contains("power:<device>") && help.contains("kill:<function>"));
    let help = Fault::help(false);
    assert!(!help.contains("<device>") && help.contains("kill:<function>"));
}

/// Messages and calls from threads that run at their own pace, each with its own topic.
fn scenario(seed: u64, topics: &[&'static str]) -> Faults {
    let specs = [
        "drop:door/+@20%",
        "reorder:door/+@20%",
        "throttle:save@30%",
        "twice:save@30%",
    ];
    let faults = faults(&specs, seed);
    std::thread::scope(|scope| {
        for topic in topics {
            scope.spawn(|| (0..50).for_each(|_| drop(faults.fate_of(topic))));
        }
        scope.spawn(|| {
            for _ in 0..50 {
                faults.fate_of_event(&["save"]);
                for call in [Call::Read, Call::Commit] {
                    let (names, operation) = (&["save"], None);
                    faults.fate_of_call(&ObservedCall {
                        names,
                        call,
                        operation,
                    });
                }
            }
        });
    });
    faults
}

// AWS different(faults): AWS fails at random; here a seed decides each fault, so that a run can be
//     repeated
#[test]
fn the_same_seed_decides_the_same_for_any_order_of_threads() {
    let topics = ["door/1", "door/2", "door/3"];
    let first = scenario(7, &topics).journal();
    let again = scenario(7, &["door/3", "door/1", "door/2"]).journal();
    assert_eq!(first.decisions.len(), 2 * 150 + 3 * 50);
    assert_eq!(first.in_order(), again.in_order());
    let other = scenario(8, &topics).journal();
    assert_ne!(first.in_order(), other.in_order());
}

#[test]
fn a_fault_decides_as_it_would_alone() {
    let decisions = |specs: &[&str]| -> Vec<bool> {
        let faults = faults(specs, 7);
        let strikes = |_| faults.fate_of("a").copies == 0;
        (0..40).map(strikes).collect()
    };
    let alone = decisions(&["drop:a@50%"]);
    assert_eq!(alone, decisions(&["duplicate:a@50%", "drop:a@50%"]));
    // Two faults that are alike still decide independently.
    let both = faults(&["drop:a@50%", "drop:a@50%"], 7);
    (0..40).for_each(|_| drop(both.fate_of("a")));
    let of = |fault: &str| -> Vec<bool> {
        let decisions = both.journal().in_order();
        let own = decisions.iter().filter(|d| d.fault == fault);
        own.map(|d| d.struck).collect()
    };
    assert_eq!(of("drop:a@50%"), alone);
    assert_ne!(of("drop:a@50% (2)"), alone);
}

// AWS same(faults): messages may arrive in a different order than they were sent
#[tokio::test]
async fn a_reordered_message_is_delivered_right_after_the_next_one_on_its_topic() {
    let faults = faults(&["reorder:door/+@1+1m"], 0);
    let (sender, mut delivered) = tokio::sync::mpsc::unbounded_channel();
    for (topic, message) in [("door/1", "first"), ("door/2", "else"), ("door/1", "next")] {
        let mut fate = faults.fate_of(topic);
        let sender = sender.clone();
        let deliver = move || assert!(sender.send(message).is_ok());
        match fate.hold.take() {
            Some(slot) => slot.hold(deliver),
            None => deliver(),
        }
    }
    let mut order = Vec::new();
    while let Ok(message) = delivered.try_recv() {
        order.push(message);
    }
    assert_eq!(order, ["else", "next", "first"]);
}

#[tokio::test]
async fn a_reordered_message_without_a_next_one_is_delivered_alone() {
    let faults = faults(&["reorder:a@1+1ms"], 0);
    let (sender, delivered) = tokio::sync::oneshot::channel();
    let slot = faults.fate_of("a").hold.take().expect("the fault strikes");
    slot.hold(move || assert!(sender.send("alone").is_ok()));
    assert_eq!(delivered.await, Ok("alone"));
}

#[test]
fn a_fault_that_could_never_strike_is_refused_with_the_possible_targets() {
    let template = r#"
Transform: AWS::Serverless-2016-10-31
Resources:
  Items:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: items
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
  SaveFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: save}}
    Properties:
      {CodeUri: save, FunctionName: local-save, Handler: bootstrap, Runtime: provided.al2023}
"#;
    let context = sam_template::Context {
        stack_name: "local".to_owned(),
        region: "us-east-1".to_owned(),
        account: "123456789012".to_owned(),
        parameters: BTreeMap::new(),
        inert: [].into(),
    };
    let template = sam_template::Template::parse("template.yaml", template, &context).unwrap();
    let known = faults(&[], 0);
    known.aim_at(Targets::of(&template));
    let arm = |spec: &str| known.arm(spec.parse().unwrap());
    for spec in [
        "kill:save.after-commit@1",
        "kill:SaveFunction.before-read@1",
        "late:local-save@1+1s",
        "throttle:save.read@1",
        "throttle:items@1",
        "slow:PutItem@1+1s",
        "drop:any/topic@1",
        "power:lamp@t=1s",
    ] {
        assert_eq!(arm(spec), Ok(()), "{spec}");
    }
    for (spec, wanted) in [
        ("kill:nosuch.after-commit@1", "function"),
        ("kill:items.after-commit@1", "function"),
        ("twice:nosuch@1", "function"),
        ("throttle:nosuch.read@1", "function or table"),
    ] {
        let error = arm(spec).expect_err(spec);
        assert_eq!(error.wanted, wanted, "{spec}");
    }
    assert_eq!(
        arm("kill:nosuch.after-commit@1").unwrap_err().to_string(),
        "fault kill:nosuch.after-commit@1: no function nosuch; \
         the template has functions save (SaveFunction); tables items"
    );
}
