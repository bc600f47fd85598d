//! template.yaml: each function has a crate, each crate in `lambdas/` with a binary has a function,
//! and resources follow rules that cfn-lint does not check.
//!
//! Must not know: YAML beyond `key: value` on a line of its own or in a one-line map.

use super::Violation;
use super::member::Member;
use super::tree::Tree;

const TEMPLATE: &str = "template.yaml";

/// Every mistake in the template itself, and every difference from the crates.
pub fn check(tree: &Tree, members: &[Member]) -> Vec<Violation> {
    let Some(text) = tree.text(TEMPLATE) else {
        return vec![Violation::new(TEMPLATE, "is missing")];
    };
    let mut violations = functions(text, members);
    violations.extend(unlinked(text, tree));
    violations.extend(resources(text));
    violations
}

/// Functions whose sources sam would upload as the program if it were not built.
fn unlinked(text: &str, tree: &Tree) -> Vec<Violation> {
    values(text, "CodeUri:")
        .into_iter()
        .map(|folder| format!("{folder}/bootstrap"))
        .filter(|link| !tree.has(link))
        .map(|link| {
            let what = "must be a link to the built program: without it `sam deploy` uploads the \
                        sources of a function that is not built";
            Violation::new(&link, what)
        })
        .collect()
}

/// Functions without a crate, and crates without a function.
fn functions(text: &str, members: &[Member]) -> Vec<Violation> {
    let folders = values(text, "CodeUri:");
    let binaries = values(text, "Binary:");
    let mut violations = Vec::new();
    for folder in &folders {
        let member = members.iter().find(|member| member.folder == *folder);
        let is_started = |member: &Member| {
            member
                .binaries
                .iter()
                .any(|b| binaries.contains(&b.as_str()))
        };
        let what = match member {
            None => format!("CodeUri {folder} is not a member of the workspace"),
            Some(member) if !is_started(member) => {
                format!("no function has the binary of {folder}")
            }
            Some(_) => continue,
        };
        violations.push(Violation::new(TEMPLATE, what));
    }
    for member in members {
        let is_function = member.folder.starts_with("lambdas/") && !member.binaries.is_empty();
        if is_function && !folders.contains(&member.folder.as_str()) {
            let what = format!("is a function that {TEMPLATE} does not declare");
            violations.push(Violation::new(&member.folder, what));
        }
    }
    for binary in binaries {
        if !members
            .iter()
            .any(|member| member.binaries.iter().any(|known| known == binary))
        {
            violations.push(Violation::new(
                TEMPLATE,
                format!("no crate builds Binary {binary}"),
            ));
        }
    }
    violations
}

/// What each resource of a kind must have: (the resource, what it must have, why).
const EACH_HAS: &[(&str, &str, &str)] = &[
    (
        "Type: AWS::IoT::TopicRule",
        "AwsIotSqlVersion: '2016-03-23'",
        "without it AWS uses the version of 2015",
    ),
    (
        "Type: AWS::IoT::TopicRule",
        "ErrorAction:",
        "without it a message that cannot be delivered is lost silently",
    ),
    (
        "Type: AWS::Lambda::Permission",
        "SourceAccount:",
        "without it any account's rule may invoke the function",
    ),
    (
        "Type: AWS::Lambda::Permission",
        // The space excludes the `EventSourceArn:` of an event source.
        " SourceArn:",
        "without it any rule may invoke the function",
    ),
];

/// A resource and the lines of its declaration.
struct Resource<'a> {
    name: &'a str,
    lines: Vec<&'a str>,
}

impl Resource<'_> {
    fn has(&self, what: &str) -> bool {
        self.lines.iter().any(|line| line.contains(what))
    }
}

/// Resources that break a rule about their kind.
fn resources(text: &str) -> Vec<Violation> {
    let count = |what: &str| lines(text).filter(|line| line.contains(what)).count();
    let mut violations: Vec<Violation> = EACH_HAS
        .iter()
        .filter(|(resource, has, _)| count(resource) != count(has))
        .map(|(resource, has, why)| {
            Violation::new(TEMPLATE, format!("each `{resource}` needs `{has}`: {why}"))
        })
        .collect();
    violations.extend(losses(&declared(text)));
    if count("SELECT *") > 0 {
        violations.push(Violation::new(
            TEMPLATE,
            "a rule selects `*`: name the keys, or a key of the payload can replace one of ours",
        ));
    }
    violations
}

/// Functions and event sources that lose an event silently after its last retry.
fn losses(resources: &[Resource]) -> Vec<Violation> {
    let of = |kind| resources.iter().filter(move |found| found.has(kind));
    let sources = || of("Type: AWS::Lambda::EventSourceMapping");
    let unkept = of("Type: AWS::Serverless::Function").filter(|function| {
        let reference = format!("FunctionName: !Ref {}.Alias", function.name);
        !function.has("OnFailure:") && !sources().any(|source| source.has(&reference))
    });
    let unkept = unkept.map(|function| {
        let need = "needs `OnFailure:` or an event source of its alias";
        format!(
            "{} {need}: without them an event is lost silently after its last retry",
            function.name
        )
    });
    let endless = sources().filter(|source| {
        let is_source =
            |queue: &&Resource| source.has(&format!("EventSourceArn: !GetAtt {}.Arn", queue.name));
        let queue = of("Type: AWS::SQS::Queue").find(is_source);
        !source.has("OnFailure:") && !queue.is_some_and(|queue| queue.has("RedrivePolicy:"))
    });
    let endless = endless.map(|source| {
        let need = "needs `OnFailure:`, or a queue with `RedrivePolicy:`";
        format!(
            "{} {need}: without them an unreadable message is retried until it is lost",
            source.name
        )
    });
    let all = unkept.chain(endless);
    all.map(|what| Violation::new(TEMPLATE, what)).collect()
}

/// The resources: a name on a line of its own, followed by a type of AWS.
fn declared(text: &str) -> Vec<Resource<'_>> {
    let mut found: Vec<Resource> = Vec::new();
    let mut before = "";
    for line in lines(text) {
        if line.trim_start().starts_with("Type: AWS::") {
            let name = before.trim().trim_end_matches(':');
            found.push(Resource {
                name,
                lines: Vec::new(),
            });
        }
        if let Some(resource) = found.last_mut() {
            resource.lines.push(line);
        }
        before = line;
    }
    found
}

/// The lines that are not comments.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
}

/// The values of a key in `Key: value` and `{Key: value}`.
fn values<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
    lines(text)
        .filter_map(|line| line.split_once(key))
        .map(|(_, rest)| rest.split(['}', ',']).next().unwrap_or_default().trim())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
PressFunction:
  Type: AWS::Serverless::Function
  Metadata:
    BuildProperties: {Binary: press}
  Properties:
    CodeUri: lambdas/press
    # OnFailure: in a comment does not count
    OnFailure: {Type: SQS}
ButtonRule:
  Type: AWS::IoT::TopicRule
  AwsIotSqlVersion: '2016-03-23'
  Sql: SELECT topic(2) AS button FROM 'iotbutton/+'
  ErrorAction:
Permission:
  Type: AWS::Lambda::Permission
  SourceAccount: 1
  SourceArn: 2
";

    fn member(folder: &str, binary: &str) -> Member {
        Member {
            folder: folder.to_owned(),
            binaries: vec![binary.to_owned()],
            ..Member::default()
        }
    }

    fn found(text: &str, members: &[Member]) -> Vec<String> {
        check(
            &Tree::of(&[(TEMPLATE, text), ("lambdas/press/bootstrap", "")]),
            members,
        )
        .iter()
        .map(ToString::to_string)
        .collect()
    }

    #[test]
    fn a_template_that_matches_the_crates_is_good() {
        assert_eq!(
            found(
                GOOD,
                &[
                    member("lambdas/press", "press"),
                    member("infra/lockctl", "lockctl")
                ]
            ),
            [""; 0]
        );
    }

    #[test]
    fn a_crate_without_a_function_is_found() {
        let members = [
            member("lambdas/press", "press"),
            member("lambdas/sweep", "sweep"),
        ];
        assert_eq!(
            found(GOOD, &members),
            ["lambdas/sweep: is a function that template.yaml does not declare"]
        );
    }

    #[test]
    fn a_function_without_a_crate_is_found() {
        let expected = [
            "template.yaml: CodeUri lambdas/press is not a member of the workspace",
            "template.yaml: no crate builds Binary press",
        ];
        assert_eq!(found(GOOD, &[]), expected);
    }

    #[test]
    fn every_resource_must_have_what_its_kind_needs() {
        let members = [member("lambdas/press", "press")];
        for (_, has, why) in EACH_HAS {
            let bad: String = GOOD
                .lines()
                .filter(|line| line.trim_start().starts_with('#') || !line.contains(has))
                .map(|line| format!("{line}\n"))
                .collect();
            let found = found(&bad, &members);
            assert_eq!(found.len(), 1, "without {has}");
            assert!(found[0].ends_with(why), "{found:?}");
        }
    }

    #[test]
    fn a_function_whose_failures_are_lost_is_found() {
        let members = [member("lambdas/press", "press")];
        let without = GOOD.replace("OnFailure: {Type: SQS}", "");
        let source = "\
Source:
  Type: AWS::Lambda::EventSourceMapping
  EventSourceArn: !GetAtt Queue.Arn
  FunctionName: !Ref PressFunction.Alias
";
        let queue = "Queue:\n  Type: AWS::SQS::Queue\n";
        let redrive = "  RedrivePolicy: {maxReceiveCount: 5}\n";
        let give_up = "  DestinationConfig: {OnFailure: {Destination: 1}}\n";
        let latest = source.replace(".Alias", "");
        for (text, wanted) in [
            (without.clone(), 1),
            (format!("{without}{source}{queue}"), 1),
            (format!("{without}{source}{queue}{redrive}"), 0),
            (format!("{without}{source}{give_up}"), 0),
            (format!("{without}{latest}{give_up}"), 1),
            (format!("{GOOD}{source}{queue}"), 1),
        ] {
            let found = found(&text, &members);
            assert_eq!(found.len(), wanted, "{found:?}");
        }
    }

    #[test]
    fn a_function_that_sam_could_deploy_without_a_build_is_found() {
        let tree = Tree::of(&[(TEMPLATE, GOOD)]);
        let found = check(&tree, &[member("lambdas/press", "press")]);
        assert_eq!(found.len(), 1, "{}", found.len());
        let found = found[0].to_string();
        assert!(
            found.starts_with("lambdas/press/bootstrap: must be a link"),
            "{found}"
        );
    }

    #[test]
    fn selecting_everything_is_found() {
        let bad = GOOD.replace("SELECT topic(2) AS button", "SELECT *");
        let found = found(&bad, &[member("lambdas/press", "press")]);
        assert_eq!(found.len(), 1, "{found:?}");
    }
}
