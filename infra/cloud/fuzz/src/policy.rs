//! Policies: any text is parsed or refused, and a parsed policy decides by IAM's rules in any
//! order. An input holds action, resource, variables (`name=value` by line) and document, separated
//! by zero bytes.

use std::collections::BTreeMap;

use aws_policy::{Decision, Document, Request, evaluate};
use serde_json::{Value, json};

/// Checks one input.
pub fn check(bytes: &[u8]) {
    let mut parts = crate::parts(bytes, 4);
    let mut part = || String::from_utf8_lossy(parts.next().unwrap_or_default());
    let (action, resource) = (part(), part());
    let variables: BTreeMap<String, String> = part()
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let text = part();
    let parsed = Document::parse(&Value::String(text.clone().into_owned()));
    let Ok(value) = serde_json::from_str::<Value>(&text) else {
        assert!(parsed.is_err(), "{text:?} is not json");
        return;
    };
    if value.is_object() {
        assert_eq!(parsed, Document::parse(&value), "text and value differ");
    }
    let Ok(document) = parsed else {
        return;
    };
    let request = Request {
        action: &action,
        resource: &resource,
        variables: &variables,
    };
    let decision = evaluate(std::slice::from_ref(&document), &request);
    laws(&value, &document, &request, decision);
    if let Some(expected) = expected(&value, &request) {
        assert_eq!(decision, expected, "{action:?} on {resource:?} by {value}");
    }
}

/// Laws of every decision.
fn laws(value: &Value, document: &Document, request: &Request<'_>, decision: Decision) {
    let parse =
        |value: &Value| Document::parse(value).expect("a document that was parsed, changed");
    let one = || document.clone();
    let decide = |documents: &[Document]| evaluate(documents, request);

    assert_eq!(decide(&[]), Decision::ImplicitDeny, "nothing allows");
    assert_eq!(decide(&[one(), one()]), decision, "a document twice");

    let statement = |effect: &str| json!({"Effect": effect, "Action": "*", "Resource": "*"});
    let whole = |statement: Value| json!({"Version": "2012-10-17", "Statement": [statement]});
    let allow_all = parse(&whole(statement("Allow")));
    let deny_all = parse(&whole(statement("Deny")));
    let with_allow = match decision {
        Decision::ExplicitDeny => Decision::ExplicitDeny,
        _ => Decision::Allow,
    };
    assert_eq!(decide(&[one(), allow_all.clone()]), with_allow);
    assert_eq!(decide(&[allow_all, one()]), with_allow, "order decides");
    assert_eq!(decide(&[one(), deny_all.clone()]), Decision::ExplicitDeny);
    assert_eq!(decide(&[deny_all, one()]), Decision::ExplicitDeny);

    let changed = |effect| Document::parse(&with_effect(value, effect));
    let (Ok(denying), Ok(allowing)) = (changed("Deny"), changed("Allow")) else {
        // A document at the size limit may not grow.
        assert!(
            value.to_string().len() > 1_900,
            "{value} with another effect"
        );
        return;
    };
    let speaks = decide(std::slice::from_ref(&allowing)) == Decision::Allow;
    assert_eq!(
        speaks,
        decision != Decision::ImplicitDeny,
        "a statement applies or not"
    );
    if speaks {
        assert_eq!(decide(&[one(), denying.clone()]), Decision::ExplicitDeny);
        assert_eq!(decide(&[denying, allowing]), Decision::ExplicitDeny);
    }

    let shouted = request.action.to_ascii_uppercase();
    let shouted = Request {
        action: &shouted,
        ..*request
    };
    assert_eq!(
        evaluate(&[one()], &shouted),
        decision,
        "the case of actions"
    );
}

/// The same document with this effect in every statement.
fn with_effect(value: &Value, effect: &str) -> Value {
    let mut value = value.clone();
    match &mut value["Statement"] {
        Value::Array(statements) => {
            for statement in statements {
                statement["Effect"] = json!(effect);
            }
        }
        statement => statement["Effect"] = json!(effect),
    }
    value
}

/// The decision by a second reading of the rules, for a document without conditions and variables.
fn expected(value: &Value, request: &Request<'_>) -> Option<Decision> {
    let statements = match &value["Statement"] {
        Value::Array(statements) => statements.iter().collect(),
        statement => vec![statement],
    };
    let mut decision = Decision::ImplicitDeny;
    for statement in statements {
        let known = ["Sid", "Effect", "Action", "Resource"];
        if statement
            .as_object()?
            .keys()
            .any(|key| !known.contains(&key.as_str()))
        {
            return None;
        }
        let action = request.action.to_ascii_lowercase();
        let names = any(&statement["Action"], &action, str::to_ascii_lowercase)?;
        let covers = any(&statement["Resource"], request.resource, str::to_owned)?;
        if names && covers {
            if statement["Effect"] == "Deny" {
                return Some(Decision::ExplicitDeny);
            }
            decision = Decision::Allow;
        }
    }
    Some(decision)
}

/// Whether any of the patterns matches; `None` if one has a variable or is not a string.
fn any(patterns: &Value, text: &str, change: fn(&str) -> String) -> Option<bool> {
    let patterns = match patterns {
        Value::Array(patterns) => patterns.iter().collect(),
        pattern => vec![pattern],
    };
    let mut found = false;
    for pattern in patterns {
        let pattern = change(pattern.as_str()?);
        if pattern.contains("${") {
            return None;
        }
        found |= matches(&pattern, text);
    }
    Some(found)
}

/// Matches `*` and `?` with a table of all prefixes: slow and simple.
fn matches(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    // Whether the pattern so far matches the first n characters, for each n.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for c in pattern.chars() {
        let mut next = vec![false; text.len() + 1];
        next[0] = c == '*' && reached[0];
        for n in 1..=text.len() {
            next[n] = match c {
                '*' => reached[n] || next[n - 1],
                '?' => reached[n - 1],
                c => reached[n - 1] && text[n - 1] == c,
            };
        }
        reached = next;
    }
    reached[text.len()]
}
