//! Templates: any text is a template, or an error at a position inside the text.
//!
//! An input is the text of a template.

use std::collections::BTreeMap;

use sam_template::{Context, Template, TemplateError, parameters};

/// Checks one input.
pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let context = Context {
        stack_name: "my-home".to_owned(),
        region: "us-east-1".to_owned(),
        account: "123456789012".to_owned(),
        parameters: BTreeMap::new(),
        inert: [].into(),
    };
    let parse = || Template::parse("t.yaml", &text, &context);
    let declared = parameters("t.yaml", &text);
    match (parse(), parse()) {
        (Ok(template), Ok(again)) => {
            assert_eq!(template, again, "parsed twice with different results");
            assert!(declared.is_ok(), "its parameters alone are refused");
        }
        (Err(error), Err(again)) => {
            assert_eq!(error.to_string(), again.to_string());
            assert_inside(&text, &error);
        }
        _ => panic!("accepted once and refused once"),
    }
    if let Err(error) = declared {
        assert_inside(&text, &error);
    }
}

fn assert_inside(text: &str, error: &TemplateError) {
    let (TemplateError::Syntax { line, column, .. } | TemplateError::Invalid { line, column, .. }) =
        error
    else {
        panic!("error without a position: {error}");
    };
    let lines: Vec<&str> = text.split(['\n', '\r']).collect();
    // The position may be the end of the text.
    assert!(
        (1..=lines.len() + 1).contains(line),
        "{error}: {} lines",
        lines.len()
    );
    let longest = lines.iter().map(|line| line.chars().count()).max();
    let longest = longest.unwrap_or_default();
    assert!(
        (1..=longest + 1).contains(column),
        "{error}: {longest} columns"
    );
}
