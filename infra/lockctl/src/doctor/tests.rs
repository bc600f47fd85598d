//! The judgement: each row breaks one thing in evidence that is whole, and says which link is the
//! first broken one and what fixes it.

mod device;
mod whole;

use lock_aws::Remedy;
use lock_aws::registry::{Alarm, Depth, ListedRule, Runs};
use lock_core::label::{Label, Labels, Names};
use lock_core::name::{ButtonSerial, Subject};

use super::evidence::{Evidence, Unseen};
use super::judge::{REGIONS_WITHOUT_IOT, judge};
use super::link::{Link, Verdict};
use super::links_answer;
use whole::{binding, whole};

/// Breaks something, or hides it.
type Change = fn(&mut Evidence);

fn denied(call: &str) -> Unseen {
    Unseen {
        text: format!("{call}: AccessDeniedException"),
        code: Some("AccessDeniedException".to_owned()),
        remedy: Remedy::Rights,
    }
}

fn refused(code: &str, remedy: Remedy) -> Unseen {
    Unseen {
        text: format!("the call: {code}"),
        code: Some(code.to_owned()),
        remedy,
    }
}

fn titles_of(links: &[Link], is_wanted: fn(&Verdict) -> bool) -> Vec<String> {
    let wanted = links.iter().filter(|link| is_wanted(&link.verdict));
    wanted.map(Link::title).collect()
}

fn check(rows: &[(&str, &str, Change)]) {
    for (title, fix, change) in rows {
        let mut evidence = whole();
        change(&mut evidence);
        let links = judge(&evidence);
        let first = links.iter().find(|link| link.is_broken());
        let first = first.unwrap_or_else(|| panic!("{title} is not broken: {links:#?}"));
        assert_eq!(&first.title(), title, "{first:?}");
        let Verdict::Broken { fix: found, .. } = &first.verdict else {
            panic!("{title} is not broken");
        };
        assert!(found.contains(fix), "{title}: {found:?} has no {fix:?}");
    }
}

#[test]
fn every_link_of_a_whole_system_holds() {
    let links = judge(&whole());
    for link in &links {
        assert!(matches!(link.verdict, Verdict::Ok(_)), "{link:?}");
    }
    let answer = links_answer(&links);
    assert!(!answer.has_failed);
    assert_eq!(
        answer.lines.last().map(String::as_str),
        Some("every link holds")
    );
}

#[test]
fn a_link_shows_what_people_call_its_device() {
    let mut names = Names::default();
    let labels = Labels {
        label: Some(Label::new("hall").expect("a label")),
        room: None,
    };
    let button = ButtonSerial::new("button-1").expect("a name");
    names.insert(Subject::Button(button), labels);
    for (device, title) in [
        ("button-1", "hall (button-1) thing"),
        ("lock-1", "lock-1 thing"),
        ("*", "* thing"),
    ] {
        let link = Link::of_device(device, "thing", Verdict::Ok(String::new()));
        assert_eq!(link.with_names(&names).title(), title);
    }
}

#[test]
fn the_account_and_the_stack_are_judged_before_all_else() {
    check(&[
        ("credentials", "export-credentials", |seen| {
            seen.stack = Err(refused("ExpiredToken", Remedy::Rights));
            seen.table = Err(refused("ExpiredTokenException", Remedy::Rights));
        }),
        ("region", "AWS_REGION=us-east-1", |seen| {
            seen.region = "ca-west-1".to_owned();
            seen.stack = Ok(None);
        }),
        ("region", "check the network", |seen| {
            seen.stack = Err(refused("no answer", Remedy::Connection));
        }),
        ("stack", "lockctl --stack NAME doctor", |seen| {
            seen.stack = Ok(None);
        }),
        ("stack", "The first deployment failed", |seen| {
            whole::stack(seen).status = "ROLLBACK_COMPLETE".to_owned();
        }),
        (
            "stack",
            "wait stack-update-complete --stack-name doors",
            |seen| {
                whole::stack(seen).status = "UPDATE_IN_PROGRESS".to_owned();
            },
        ),
        ("stack", "continue-update-rollback", |seen| {
            whole::stack(seen).status = "UPDATE_ROLLBACK_FAILED".to_owned();
        }),
        ("outputs", "sam deploy --stack-name doors", |seen| {
            whole::stack(seen).outputs.remove("DoctorPolicyArn");
        }),
        ("table", "aws dynamodb list-backups", |seen| {
            seen.table = Err(refused("ResourceNotFoundException", Remedy::Name));
        }),
    ]);
}

#[test]
fn a_function_must_exist_be_active_have_its_alias_and_run() {
    check(&[
        ("function press", "sam deploy", |seen| {
            seen.functions[0].state = Ok(None)
        }),
        ("function report", "sam deploy", |seen| {
            whole::function(seen, 1).live_version = None;
        }),
        ("function report", "sam deploy", |seen| {
            whole::function(seen, 1).state = "Failed".to_owned();
        }),
        ("function sweep", "function-active-v2", |seen| {
            whole::function(seen, 2).state = "Pending".to_owned();
        }),
        ("function failure", "sam deploy", |seen| {
            whole::function(seen, 3).last_update = "Failed".to_owned();
        }),
        ("function announce", "function-updated-v2", |seen| {
            whole::function(seen, 4).last_update = "InProgress".to_owned();
        }),
        (
            "function report",
            "sam logs --stack-name doors --name ReportFunction",
            |seen| {
                seen.functions[1].runs = Ok(Runs {
                    invocations: 4,
                    errors: 2,
                });
            },
        ),
    ]);
}

#[test]
fn a_rule_must_be_enabled_invoke_the_alias_and_be_permitted() {
    check(&[
        ("rule button", "lockctl --stack doors resume", |seen| {
            whole::trigger(seen, 0).is_enabled = false;
        }),
        ("rule request", "sam deploy", |seen| {
            seen.rules[1].found = Ok(None);
            whole::listed(seen).retain(|rule| rule.name != "doors_request");
        }),
        ("rule report", "sam deploy", |seen| {
            for arn in &mut whole::trigger(seen, 2).functions {
                *arn = arn.replace(":live", "");
            }
        }),
        (
            "permission button",
            "aws lambda add-permission --function-name doors-press",
            |seen| {
                seen.rules[0].policy = Ok(None);
            },
        ),
        (
            "permission report",
            "--source-arn arn:aws:iot:us-east-1:1:rule/doors_report",
            |seen| {
                let policy = seen.rules[0].policy.clone();
                seen.rules[2].policy = policy;
            },
        ),
        (
            "other rules",
            "disable-topic-rule --rule-name stranger",
            |seen| {
                whole::listed(seen).push(ListedRule {
                    name: "stranger".to_owned(),
                    topic: "iotbutton/#".to_owned(),
                    is_enabled: true,
                });
            },
        ),
    ]);
}

#[test]
fn a_retired_button_is_no_broken_link() {
    let mut evidence = whole();
    evidence.devices[1].thing = Ok(None);
    assert!(
        links_answer(&judge(&evidence)).has_failed,
        "it is still bound"
    );
    binding(&mut evidence).lock = None;
    assert!(!links_answer(&judge(&evidence)).has_failed);
}

#[test]
fn queues_and_alarms_come_last() {
    let one = Depth {
        waiting: 1,
        in_flight: 0,
    };
    let mut evidence = whole();
    evidence.alarms = Ok(vec![Alarm {
        name: "doors-poison-queue".to_owned(),
        reason: "1 > 0".to_owned(),
    }]);
    let broken = |evidence: &Evidence| {
        titles_of(&judge(evidence), |verdict| {
            matches!(verdict, Verdict::Broken { .. })
        })
    };
    assert_eq!(broken(&evidence), ["alarms"]);
    evidence.poison_queue = Ok(one);
    assert_eq!(broken(&evidence), ["poison queue", "alarms"]);
    evidence.failure_queue = Ok(one);
    assert_eq!(
        broken(&evidence),
        ["failure queue", "poison queue", "alarms"]
    );
    let answer = links_answer(&judge(&evidence));
    assert!(answer.has_failed);
    assert_eq!(answer.body["firstBroken"]["link"], "failure queue");
    let last = answer.lines.last().expect("a line");
    assert!(
        last.starts_with("first broken link: failure queue; fix it: sam logs"),
        "{last}"
    );
}

#[test]
fn what_may_not_be_looked_at_is_unknown_and_names_the_policy() {
    let mut evidence = whole();
    evidence.alarms = Err(denied("cloudwatch:DescribeAlarms"));
    evidence.devices[0].thing = Err(denied("iot:DescribeThing lock-1"));
    evidence.devices[0].policies.clear();
    let links = judge(&evidence);
    let answer = links_answer(&links);
    assert!(!answer.has_failed, "{links:#?}");
    let unknown = titles_of(&links, |verdict| matches!(verdict, Verdict::Unknown(_)));
    assert_eq!(
        unknown,
        [
            "lock-1 thing",
            "lock-1 certificate",
            "lock-1 active",
            "lock-1 may connect",
            "lock-1 may publish",
            "lock-1 may subscribe",
            "lock-1 may receive",
            "alarms"
        ]
    );
    let advice = "attach the policy arn:aws:iam::1:policy/doctor to these credentials";
    assert!(
        answer.lines.iter().any(|line| line.contains(advice)),
        "{:?}",
        answer.lines
    );
    let last = "no broken link was found; not judged: 8";
    assert_eq!(answer.lines.last().map(String::as_str), Some(last));
}

#[test]
fn an_accepted_rule_is_no_broken_link() {
    let mut evidence = whole();
    whole::listed(&mut evidence).push(ListedRule {
        name: "stranger".to_owned(),
        topic: "remote-lock/#".to_owned(),
        is_enabled: true,
    });
    assert!(links_answer(&judge(&evidence)).has_failed);
    evidence.accepted.push("stranger".to_owned());
    assert!(!links_answer(&judge(&evidence)).has_failed);
}

#[test]
fn the_regions_are_those_that_the_template_refuses() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    let text = std::fs::read_to_string(path).expect("the template");
    let list = text.split("- Fn::Contains:").nth(1).expect("the rule");
    let list = list.split('[').nth(1).expect("a list");
    let list = list.split(']').next().expect("its end");
    for region in REGIONS_WITHOUT_IOT {
        assert!(list.contains(region), "{region}");
    }
    assert_eq!(list.matches(',').count() + 1, REGIONS_WITHOUT_IOT.len());
}
