//! Evidence in which every link holds, and its parts that tests change.

use std::collections::BTreeSet;

use lock_aws::registry::{
    Certificate, Connection, Depth, FunctionState, ListedRule, PolicyText, Runs, Stack, Thing,
    Trigger,
};
use lock_core::action::Action;
use lock_core::binding::Binding;
use lock_core::id::CommandId;
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::{Cause, Command, Record, Reported, Status};
use lock_core::report::{Latch, Report};
use lock_core::time::{UnixMillis, UnixSeconds};
use serde_json::json;

use crate::doctor::evidence::{CertificatePolicies, Device, Entry, Evidence, Function, Rule};
use crate::register::kind::Kind;

const NOW: UnixMillis = UnixMillis(1_763_000_000_000);
const EMPTY: Depth = Depth {
    waiting: 0,
    in_flight: 0,
};
const FUNCTIONS: [&str; 5] = ["press", "report", "sweep", "failure", "announce"];
const RULES: [(&str, &str, &str); 3] = [
    ("button", "press", "iotbutton/+"),
    ("request", "press", "remote-lock/+/request"),
    ("report", "report", "$aws/things/+/shadow/update/accepted"),
];

pub fn whole() -> Evidence {
    Evidence {
        now: NOW,
        region: "us-east-1".to_owned(),
        stack_name: "doors".to_owned(),
        is_local: false,
        stack: Ok(Some(whole_stack())),
        endpoint: Ok("abc-ats.iot.us-east-1.amazonaws.com".to_owned()),
        table: Ok("1".to_owned()),
        limits: Ok(Some(Limits::longest())),
        functions: FUNCTIONS.map(whole_function).into(),
        rules: RULES.map(whole_rule).into(),
        listed: Ok(RULES
            .map(|(role, _, topic)| ListedRule {
                name: format!("doors_{role}"),
                topic: topic.to_owned(),
                is_enabled: true,
            })
            .into()),
        accepted: Vec::new(),
        devices: vec![lock(), button()],
        names: lock_core::label::Names::default(),
        failure_queue: Ok(EMPTY),
        poison_queue: Ok(EMPTY),
        alarms: Ok(Vec::new()),
    }
}

fn whole_stack() -> Stack {
    let mut outputs: Vec<(String, String)> = vec![
        ("TableName".to_owned(), "doors".to_owned()),
        ("FailureQueueUrl".to_owned(), "https://sqs/1/f".to_owned()),
        ("PoisonQueueUrl".to_owned(), "https://sqs/1/p".to_owned()),
        ("LockPolicyName".to_owned(), "doors-lock".to_owned()),
        ("ButtonPolicyName".to_owned(), "doors-button".to_owned()),
        ("AwsIotButtonPolicyName".to_owned(), "doors-aws".to_owned()),
        (
            "DoctorPolicyArn".to_owned(),
            "arn:aws:iam::1:policy/doctor".to_owned(),
        ),
    ];
    for role in ["Press", "Report", "Sweep", "Failure", "Announce", "Show"] {
        outputs.push((format!("{role}FunctionName"), format!("doors-{role}")));
    }
    for role in ["Button", "Request", "LockOnly", "Ask", "Report"] {
        outputs.push((format!("{role}RuleName"), format!("doors_{role}")));
    }
    let parameters = [("LockNamePattern", "*"), ("AwsIotButtonClientId", "")];
    Stack {
        name: "doors".to_owned(),
        status: "UPDATE_COMPLETE".to_owned(),
        outputs: outputs.into_iter().collect(),
        parameters: parameters
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    }
}

fn whole_function(role: &'static str) -> Function {
    Function {
        role,
        name: Ok(format!("doors-{role}")),
        state: Ok(Some(FunctionState {
            state: "Active".to_owned(),
            last_update: "Successful".to_owned(),
            reason: None,
            live_version: Some("7".to_owned()),
        })),
        runs: Ok(Runs {
            invocations: 15,
            errors: 1,
        }),
    }
}

fn whole_rule((role, function, _): (&'static str, &'static str, &str)) -> Rule {
    let name = format!("doors_{role}");
    let arn = format!("arn:aws:iot:us-east-1:1:rule/{name}");
    let live = format!("arn:aws:lambda:us-east-1:1:function:doors-{function}:live");
    let policy = json!({"Version": "2012-10-17", "Id": "default", "Statement": [{
        "Sid": role, "Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"},
        "Action": "lambda:InvokeFunction", "Resource": live,
        "Condition": {
            "StringEquals": {"AWS:SourceAccount": "1"},
            "ArnLike": {"AWS:SourceArn": arn},
        },
    }]});
    Rule {
        role,
        name,
        function,
        found: Ok(Some(Trigger {
            arn,
            is_enabled: true,
            functions: vec![live],
        })),
        policy: Ok(Some(policy.to_string())),
    }
}

fn device(name: &str, kind: Kind, entry: Entry) -> Device {
    let word = kind.word();
    let arn = format!("arn:aws:iot:us-east-1:1:cert/{name}-id");
    Device {
        name: name.to_owned(),
        kind,
        entry: Ok(entry),
        thing: Ok(Some(Thing {
            name: name.to_owned(),
            kind: Some(kind.thing_type().to_owned()),
            certificates: vec![Certificate {
                id: format!("{name}-id"),
                arn: arn.clone(),
                pem: String::new(),
                is_active: true,
                is_revoked: false,
                policies: vec![format!("doors-{word}")],
                things: vec![name.to_owned()],
            }],
            others: Vec::new(),
            noted: BTreeSet::new(),
            rotation: Vec::new(),
        })),
        policies: vec![CertificatePolicies {
            arn,
            policies: Ok(vec![PolicyText {
                arn: format!("arn:aws:iot:us-east-1:1:policy/doors-{word}"),
                document: statement("Allow", "iot:*"),
            }]),
        }],
        connection: Ok(Some(Connection {
            is_connected: true,
            since_ms: 1,
        })),
    }
}

fn statement(effect: &str, action: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": effect, "Action": action, "Resource": "*"}
    ]})
    .to_string()
}

/// A policy that denies an action.
pub fn deny(action: &str) -> String {
    statement("Deny", action)
}

fn lock() -> Device {
    let name = LockName::new("lock-1").expect("a name");
    let mut record = Record::created(name, NOW);
    let reported = json!({
        "lock": "locked", "version": 7, "commandId": "c", "result": "executed",
        "source": "remote", "refused": null, "bootCount": 1, "clock": "synced",
        "firmware": "2.0.0", "settings": "stated",
    });
    record.status = Status::Settled;
    record.state = Latch::Locked;
    record.command = Some(Command::new(
        CommandId::from_text("c"),
        Action::Lock,
        Cause::Request { actor: None },
        NOW,
        None,
    ));
    record.reported = Some(Reported {
        report: Report::parse(&reported).expect("a report"),
        shadow_version: 1,
        shadow_at: UnixSeconds(NOW.0 / 1000),
        at: NOW,
    });
    device("lock-1", Kind::Lock, Entry::Lock(Box::new(record)))
}

fn button() -> Device {
    let serial = ButtonSerial::new("button-1").expect("a name");
    let mut binding = Binding::new(serial, 1);
    binding.lock = Some(LockName::new("lock-1").expect("a name"));
    let entry = Entry::Button {
        binding: Box::new(binding),
        is_lock_known: true,
    };
    device("button-1", Kind::Button, entry)
}

pub fn stack(evidence: &mut Evidence) -> &mut Stack {
    let stack = evidence.stack.as_mut().expect("seen");
    stack.as_mut().expect("a stack")
}

pub fn function(evidence: &mut Evidence, at: usize) -> &mut FunctionState {
    let state = evidence.functions[at].state.as_mut().expect("seen");
    state.as_mut().expect("a function")
}

pub fn trigger(evidence: &mut Evidence, at: usize) -> &mut Trigger {
    let found = evidence.rules[at].found.as_mut().expect("seen");
    found.as_mut().expect("a rule")
}

pub fn listed(evidence: &mut Evidence) -> &mut Vec<ListedRule> {
    evidence.listed.as_mut().expect("seen")
}

pub fn thing(evidence: &mut Evidence, at: usize) -> &mut Thing {
    let thing = evidence.devices[at].thing.as_mut().expect("seen");
    thing.as_mut().expect("a thing")
}

pub fn certificate(evidence: &mut Evidence, at: usize) -> &mut Certificate {
    &mut thing(evidence, at).certificates[0]
}

pub fn record(evidence: &mut Evidence) -> &mut Record {
    match &mut evidence.devices[0].entry {
        Ok(Entry::Lock(record)) => record,
        other => panic!("a lock, not {other:?}"),
    }
}

pub fn report(evidence: &mut Evidence) -> &mut Report {
    let reported = record(evidence).reported.as_mut();
    &mut reported.expect("a report").report
}

pub fn binding(evidence: &mut Evidence) -> &mut Binding {
    match &mut evidence.devices[1].entry {
        Ok(Entry::Button { binding, .. }) => binding,
        other => panic!("a button, not {other:?}"),
    }
}
