//! The names of rules, and the texts about them.

use super::*;

fn rule(name: &str, topic: &str, is_enabled: bool) -> ListedRule {
    ListedRule {
        name: name.to_owned(),
        topic: topic.to_owned(),
        is_enabled,
    }
}

#[test]
fn the_names_of_the_rules_follow_from_the_stack() {
    let wanted = [
        "remote_lock_button",
        "remote_lock_request",
        "remote_lock_lock_only",
        "remote_lock_report",
    ];
    assert_eq!(names_of("remote-lock"), wanted);
    assert_eq!(names_of("Test-2-b")[0], "Test_2_b_button");
}

#[test]
fn only_a_rule_of_a_later_release_may_be_absent() {
    let name = |end: &str| format!("remote_lock_{end}");
    let other = [rule("remote_lock_button", "iotbutton/+", true)];
    assert!(are_of_later_release(&[name("lock_only")], &other));
    assert!(!are_of_later_release(
        &[name("lock_only"), name("report")],
        &other
    ));
    // It is there, and these credentials may not read it.
    let there = [rule(
        "remote_lock_lock_only",
        "remote-lock/+/request/lock",
        true,
    )];
    assert!(!are_of_later_release(&[name("lock_only")], &there));
}

#[test]
fn the_error_about_a_missing_rule_lists_those_on_our_topics() {
    let missing = ["remote_lock_button".to_owned()];
    let none = missing_text(&missing, &[rule("other", "sensors/#", true)]);
    assert!(none.contains("is --stack the name of your stack"), "{none}");
    let listed = [
        rule("remote_lock_ButtonRule_1X", "iotbutton/+", true),
        rule("other", "sensors/#", true),
        rule("r2", "$aws/things/+/shadow/update/accepted", false),
    ];
    let some = missing_text(&missing, &listed);
    let wanted = "remote_lock_ButtonRule_1X (iotbutton/+), r2 \
                  ($aws/things/+/shadow/update/accepted, disabled); if all of them belong to the \
                  stack, repeat the command with --rule remote_lock_ButtonRule_1X --rule r2";
    assert!(some.ends_with(wanted), "{some}");
}

#[test]
fn each_line_says_what_was_found() {
    let found = |name: &str, was_enabled| FoundRule {
        name: name.to_owned(),
        was_enabled,
    };
    let answer = switched_answer(&[found("a", true), found("b", false)], false);
    let lines: Vec<&str> = answer.lines.iter().map(String::as_str).collect();
    assert_eq!(
        lines[..2],
        ["a: was enabled, is disabled now", "b: was already disabled"]
    );
    assert!(
        lines[2].contains("are lost until `lockctl resume`"),
        "{lines:?}"
    );
    assert_eq!(answer.body["rules"][1]["was"], "disabled");
}
