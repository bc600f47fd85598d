//! What a whole stack has around its functions: aliases, managed policies, rules about parameters,
//! and what stays at its end.

use super::*;

const STACK: &str = include_str!("stack.yaml");

fn stack(parameters: &[(&str, &str)]) -> Template {
    match Template::parse("t.yaml", STACK, &context(parameters)) {
        Ok(template) => template,
        Err(error) => panic!("{error}"),
    }
}

/// The error for the stack with `from` replaced by `to`.
fn changed(from: &str, to: &str) -> String {
    assert!(STACK.contains(from), "{from} is not in the stack");
    error(&STACK.replacen(from, to, 1), &[])
}

const HEAT: &str = "arn:aws:lambda:us-east-1:123456789012:function:my-home-Heat";

// AWS same(template): AutoPublishAlias makes an alias that Ref, Sub, events, rules, permissions,
//     event sources and the EventInvokeConfig use
#[test]
fn an_alias_is_what_events_and_references_name() {
    let template = stack(&[]);
    let (alias, function) = (format!("{HEAT}:live"), &template.functions[0]);
    assert_eq!(function.alias.as_deref(), Some("live"));
    assert_eq!(
        (function.target_arn(), function.version()),
        (alias.clone(), "1")
    );
    assert_eq!(function.event_qualifier.as_deref(), Some("live"));
    assert_eq!(
        (function.max_retries, function.reserved_concurrency),
        (0, None)
    );
    assert_eq!(template.outputs["Alias"], alias);
    assert_eq!(template.outputs["Version"], format!("{HEAT}:1"));
    let action = Action::Lambda {
        function_arn: alias.clone(),
    };
    assert!(
        template
            .rules
            .iter()
            .all(|rule| rule.actions == [action.clone()])
    );
    assert_eq!(template.rules.len(), 2);
    let qualifiers = function.permissions.iter().map(|p| p.qualifier.as_deref());
    assert_eq!(qualifiers.collect::<Vec<_>>(), [Some("live"), Some("live")]);
    assert_eq!(template.schedules[0].function_arn, alias);
    assert_eq!(
        template.schedules[0].role_arn.as_ref(),
        Some(&template.roles[0].arn)
    );
    assert_eq!(template.event_sources[0].function_arn, alias);
    let limited = stack(&[("Concurrency", "3")]);
    assert_eq!(limited.functions[0].reserved_concurrency, Some(3));
}

#[test]
fn a_name_selects_a_function_with_its_qualifier() {
    let function = &stack(&[]).functions[0];
    for (target, expected) in [
        (HEAT.to_owned(), Some("")),
        ("my-home-Heat".to_owned(), Some("")),
        (format!("{HEAT}:$LATEST"), Some("")),
        (format!("{HEAT}:live"), Some("live")),
        ("my-home-Heat:live".to_owned(), Some("live")),
        (format!("{HEAT}:1"), Some("1")),
        (format!("{HEAT}:2"), None),
        (format!("{HEAT}:old"), None),
        (format!("{HEAT}er"), None),
    ] {
        assert_eq!(function.qualifier_in(&target), expected, "{target}");
    }
}

// AWS different(template): a DeploymentPreference shifts traffic step by step while it watches
//     alarms; here it is checked, and a new version gets all traffic at once
#[test]
fn a_rollout_that_sam_refuses_is_refused() {
    for (from, to, expected) in [
        (
            "Default: Canary10Percent5Minutes",
            "Default: Slow",
            "Type cannot be \"Slow\": it must be one",
        ),
        (
            "AutoPublishAlias: live",
            "Timeout: 3",
            "SAM shifts traffic only to an alias",
        ),
        (
            "AutoPublishAlias: live",
            "AutoPublishAlias: '12'",
            "not only digits",
        ),
        (
            "{Type: !Ref Rollout, ",
            "{",
            "property DeploymentPreference.Type is missing",
        ),
        (
            "!Sub '${Heat.Alias}'",
            "!Sub '${Heat.Alas}'",
            "resource Heat has no attribute Alas",
        ),
        (
            "!Ref Heat.Version",
            "!Ref Table.Version",
            "Table.Version is not a parameter or resource",
        ),
        (
            "FunctionName: !Ref Heat.Alias\n",
            "FunctionName: !Sub '${Heat}:old'\n",
            "is not a function",
        ),
        (
            "Type: AWS::CloudWatch::Alarm",
            "Type: AWS::Lambda::Alias",
            "Heat: property FunctionName is missing",
        ),
    ] {
        let message = changed(from, to);
        assert!(message.contains(expected), "{to}: {message}");
    }
    let text = STACK.replace("AutoPublishAlias: live", "Timeout: 3");
    let text = text.replace("DeploymentPreference", "Tags");
    let message = error(&text, &[]);
    assert!(message.contains("set its AutoPublishAlias"), "{message}");
}

// AWS same(template): AWS::IAM::ManagedPolicy has an ARN as its Ref, and roles of the template may
//     carry it
#[test]
fn a_managed_policy_is_attached_by_its_arn() {
    let template = stack(&[]);
    let [policy] = template.managed_policies.as_slice() else {
        panic!("{:?}", template.managed_policies);
    };
    assert_eq!(
        policy.arn,
        "arn:aws:iam::123456789012:policy/my-home-Viewer"
    );
    assert_eq!(
        (&template.outputs["Viewer"], policy.name.as_str()),
        (&policy.arn, "my-home-Viewer")
    );
    let documents = &template.roles[0].documents;
    assert!(documents.contains(&policy.document), "{documents:?}");
    let resource = &documents[0]["Statement"][0]["Resource"];
    assert_eq!(
        resource,
        "arn:aws:logs:us-east-1:123456789012:log-group:my-home-HeatLogGroup:*"
    );
    for (from, to, expected) in [
        (
            "Role: !GetAtt HeatRole.Arn",
            "Role: 'arn:aws:iam::123456789012:role/x'",
            "Heat: arn:aws:iam::123456789012:role/x is not a role of this template",
        ),
        (
            "[!Ref Viewer]",
            "['arn:aws:iam::123456789012:policy/x']",
            "policy/x is not a managed policy",
        ),
        (
            "[!Ref Viewer]",
            "['x']",
            "ManagedPolicyArns cannot be \"x\": it must be an ARN",
        ),
        (
            "ManagedPolicy\n    Properties:",
            "ManagedPolicy\n    Properties:\n      Users: [a]",
            "users and groups",
        ),
        (
            "ManagedPolicy\n    Properties:",
            "ManagedPolicy\n    Properties:\n      Path: /a/",
            "only / is",
        ),
    ] {
        let message = changed(from, to);
        assert!(message.contains(expected), "{to}: {message}");
    }
    let long = format!("Sid: '{}', Effect", "x".repeat(6144));
    let message = changed("Statement: [{Effect", &format!("Statement: [{{{long}"));
    assert!(message.contains("at most 6144 characters"), "{message}");
}

// AWS same(template): Rules refuse parameters and regions with their AssertDescription; they see
//     parameters and pseudo parameters only
#[test]
fn an_assertion_that_is_false_refuses_the_stack() {
    stack(&[("Room", "attic"), ("Zones", "north")]);
    let message = error(STACK, &[("Room", "attic")]);
    assert_eq!(
        message,
        "t.yaml:24:9: Attic: The attic is in the north only."
    );
    let message = error(
        STACK,
        &[
            ("Room", "attic"),
            ("Zones", "north"),
            ("Concurrency", "2"),
            ("Protect", "false"),
        ],
    );
    assert!(
        message.ends_with("Attic: an assertion is false"),
        "{message}"
    );
    let mut elsewhere = context(&[]);
    elsewhere.region = "eu-west-9".to_owned();
    let refused = Template::parse("t.yaml", STACK, &elsewhere).err();
    let message = refused.map(|error| error.to_string()).unwrap_or_default();
    assert_eq!(
        message,
        "t.yaml:19:9: Region: There are no rooms in this region."
    );
    for (from, to, expected) in [
        (
            "!Ref AWS::Region]]",
            "!Ref Table]]",
            "Region: Table is not a parameter",
        ),
        (
            "!Ref AWS::Region]]",
            "!Sub '${Room}']]",
            "function Sub in a rule is not supported",
        ),
        (
            "!Ref AWS::Region]]",
            "[a]]]",
            "an argument of a rule must be text",
        ),
        (
            "!Ref Zones, [north]",
            "!RefAll x, [north]",
            "function RefAll in a rule is not supported",
        ),
        (
            "{'Fn::EachMemberIn': [!Ref Zones, [north]]}",
            "!EachMemberIn [a]",
            "EachMemberIn must be a list",
        ),
        (
            "AssertDescription: There",
            "Because: There",
            "unknown property Assertions.Because",
        ),
        (
            "!Equals [!Ref Room, attic]\n",
            "!If [a, b, c]\n",
            "function If in a rule is not supported",
        ),
    ] {
        let message = changed(from, to);
        assert!(message.contains(expected), "{to}: {message}");
    }
}

// AWS different(template): the console shows parameters by the groups in Metadata; here their names
//     are checked, which AWS does not do
#[test]
fn a_group_names_parameters_of_the_template() {
    for (from, to, expected) in [
        (
            "[Room, Concurrency]",
            "[Rom]",
            "Metadata: Rom is not a parameter of this template: did you mean Room",
        ),
        (
            "[Room, Concurrency]",
            "[Room, Room]",
            "another group has it already",
        ),
        (
            "      Room: {default",
            "      Rom: {default",
            "Rom is not a parameter",
        ),
        ("{default: Heating}", "{Default: Heating}", "did you mean"),
    ] {
        let message = changed(from, to);
        assert!(message.contains(expected), "{to}: {message}");
    }
}

// AWS different(template): AWS::IoT::Logging and AccountAuditConfiguration apply to the account;
//     here they are checked and have no effect
#[test]
fn settings_of_the_account_are_checked() {
    let without = stack(&[]).without_effect;
    let kinds: Vec<_> = without.iter().map(|w| w.logical_id.as_str()).collect();
    assert_eq!(kinds, ["HeatLogGroup", "Logging", "Audit", "Weekly"]);
    for (from, to, expected) in [
        (
            "DefaultLogLevel: WARN",
            "DefaultLogLevel: LOUD",
            "DefaultLogLevel cannot be \"LOUD\"",
        ),
        (
            "DeviceCertificateSharedCheck",
            "DeviceCertificateSharedCheque",
            "did you mean",
        ),
        (
            "{Enabled: true}",
            "{Enabled: often}",
            "must be true or false",
        ),
        (
            "Frequency: WEEKLY",
            "Frequency: HOURLY",
            "it must be one of DAILY",
        ),
        ("DayOfWeek: MON, ", "", "property DayOfWeek is missing"),
        (
            "DefaultLogLevel: WARN, ",
            "",
            "property DefaultLogLevel is missing",
        ),
    ] {
        let message = changed(from, to);
        assert!(message.contains(expected), "{to}: {message}");
    }
}

#[test]
fn a_stack_knows_what_stays_and_what_depends_on_what() {
    let template = stack(&[]);
    let find = |id: &str| {
        template
            .resources
            .iter()
            .find(|r| r.logical_id == id)
            .expect(id)
    };
    let table = find("Table");
    assert_eq!(
        (table.name.as_str(), table.resource_type.as_str()),
        ("my-home-Table", "AWS::DynamoDB::Table")
    );
    assert_eq!(table.deletion, DeletionPolicy::RetainExceptOnCreate);
    assert_eq!(table.replacement, DeletionPolicy::Retain);
    assert!(table.deletion.is_kept() && template.tables[0].deletion_protection);
    assert!(!stack(&[("Protect", "false")]).tables[0].deletion_protection);
    assert_eq!(find("Heat").deletion, DeletionPolicy::Delete);
    // Its alarm `Cold` is needed by what SAM generates for the rollout, not by the function.
    assert_eq!(find("Heat").depends_on, ["HeatLogGroup", "HeatRole"]);
    assert_eq!(find("MeasuredPermission").depends_on, ["Heat", "Measured"]);
    assert_eq!(template.resources.len(), 13);
}
