//! Schedules, as resources and as events of functions.

use std::time::Duration;

use super::refusal::refused;
use super::*;

// AWS same(schedule): ScheduleV2 events and AWS::Scheduler::Schedule, with names, state and input
#[test]
fn schedules_come_from_events_and_from_resources() {
    let template = thermostat(&[]);
    let function_arn = template.functions[0].arn.clone();
    let copier = template
        .roles
        .iter()
        .map(|role| role.arn.clone())
        .find(|arn| arn.contains("Copier"))
        .expect("the template has it");
    let arn =
        |name: &str| format!("arn:aws:scheduler:us-east-1:123456789012:schedule/default/{name}");
    assert_eq!(
        template.schedules,
        [
            Schedule {
                logical_id: "RegulateOften".to_owned(),
                name: "RegulateOften".to_owned(),
                arn: arn("RegulateOften"),
                group: "default".to_owned(),
                kind: ScheduleKind::Scheduler,
                period: Duration::from_secs(300),
                input: None,
                enabled: true,
                function_arn: function_arn.clone(),
                role_arn: None,
            },
            Schedule {
                logical_id: "Nightly".to_owned(),
                name: "my-home-nightly".to_owned(),
                arn: arn("my-home-nightly"),
                group: "default".to_owned(),
                kind: ScheduleKind::Scheduler,
                period: Duration::from_secs(86_400),
                input: Some("{\"degrees\": 16}".to_owned()),
                enabled: false,
                function_arn,
                role_arn: Some(copier),
            },
        ]
    );
}

// AWS same(schedule): a schedule is in its group, or in the group `default`; the group is part of
//     its ARN
#[test]
fn a_schedule_is_in_its_group() {
    const EVENT: &str = "ScheduleExpression: rate(5 minutes)";
    const RESOURCE: &str = "ScheduleExpression: rate(1 day)";
    const GROUP: &str = "  Home:
    Type: AWS::Scheduler::ScheduleGroup
    Properties: {Name: home}
";
    let mut text = THERMOSTAT.replacen("Resources:\n", &format!("Resources:\n{GROUP}"), 1);
    for expression in [EVENT, RESOURCE] {
        assert!(text.contains(expression));
        let indent = if expression == EVENT { 12 } else { 6 };
        let grouped = format!("{expression}\n{:indent$}GroupName: !Ref Home", "");
        text = text.replacen(expression, &grouped, 1);
    }
    let template = match Template::parse("t.yaml", &text, &context(&[])) {
        Ok(template) => template,
        Err(error) => panic!("{error}"),
    };
    for schedule in &template.schedules {
        assert_eq!(schedule.group, "home");
        let arn = format!(
            "arn:aws:scheduler:us-east-1:123456789012:schedule/home/{}",
            schedule.name
        );
        assert_eq!(schedule.arn, arn);
    }
}

// AWS absent(schedule): cron(…), at(…) and flexible windows; refused with file, line and what is
//     wrong
#[test]
fn a_schedule_that_cannot_be_honoured_is_refused() {
    const EXPRESSION: &str = "ScheduleExpression: rate(5 minutes)";
    const FORM: &str = "a rate is written rate(5 minutes), in minutes, hours or days";
    for (expression, reason) in [
        ("cron(0 3 * * ? *)", "only rate(…) is supported"),
        ("at(2030-01-01T00:00:00)", "only rate(…) is supported"),
        ("rate(0 minutes)", FORM),
        ("rate(30 seconds)", FORM),
        ("every minute", FORM),
    ] {
        let to = format!("ScheduleExpression: {expression}");
        let expected = format!(
            "Events.Often.Properties.ScheduleExpression cannot be {expression:?}: {reason}"
        );
        refused(EXPRESSION, &to, &expected);
    }
    for (from, to, expected) in [
        (
            "Type: ScheduleV2",
            "Type: Kinesis",
            "Regulate: Events.Often.Type Kinesis is not supported",
        ),
        (
            EXPRESSION,
            "Name: x",
            "Regulate: property Events.Often.Properties.ScheduleExpression is missing",
        ),
        (
            "RetryPolicy: {MaximumRetryAttempts: 0,",
            "RetryPolicy: {MaximumRetryAttempts: 186,",
            "MaximumRetryAttempts cannot be \"186\": must be 0 to 185",
        ),
        (
            "{Mode: 'OFF'}",
            "{Mode: FLEXIBLE}",
            "Nightly: FlexibleTimeWindow.Mode cannot be \"FLEXIBLE\"",
        ),
        (
            "State: DISABLED",
            "State: PAUSED",
            "Nightly: State cannot be \"PAUSED\"",
        ),
        (
            "'{\"degrees\": 16}'",
            "16 degrees",
            "Nightly: Target.Input cannot be \"16 degrees\"",
        ),
        (
            "Arn: !GetAtt Regulate.Arn\n        RoleArn",
            "Arn: 'arn:other'\n        RoleArn",
            "Nightly: arn:other is not a function of this template",
        ),
    ] {
        refused(from, to, expected);
    }
}
