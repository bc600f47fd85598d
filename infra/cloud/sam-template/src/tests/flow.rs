//! JSON inside YAML, whose lines need not be right of their key.

use super::*;

const POLICY: &str = "  Hut:
    Type: AWS::IoT::Policy
    Properties:
      PolicyName: hut
      PolicyDocument: {
        \"Version\": \"2012-10-17\",
        \"Statement\": [
          {\"Effect\": \"Allow\", \"Action\": \"iot:Connect\", \"Resource\": \"*\"}
        ]
      }
";

fn document(text: &str) -> Value {
    let template = resources(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    template.iot_policies["hut"].clone()
}

// AWS same(template): JSON inside YAML may close at the column of its key, or left of it
#[test]
fn json_in_yaml_may_stand_left_of_its_key() {
    let expected = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}],
    });
    assert_eq!(document(POLICY), expected);
    let at_the_left = POLICY
        .replace("\n        ", "\n ")
        .replace("\n      }", "\n}");
    assert_eq!(document(&at_the_left), expected);
}

// AWS same(template): a text in quotes may go on at the column of its key, or left of it
#[test]
fn a_text_in_quotes_may_go_on_left_of_its_key() {
    for quote in ['"', '\''] {
        for indentation in [0, 4, 6] {
            let left = " ".repeat(indentation);
            let text = format!(
                "  Ears:\n    Type: AWS::IoT::Thing\n    Properties:\n      ThingName: {quote}one\n\
                 {left}two{quote}\n      AttributePayload: {{Attributes: {{a: b}}}}\n"
            );
            let template = resources(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
            assert_eq!(template.things[0].name, "one two");
            assert_eq!(template.things[0].attributes["a"], "b");
        }
    }
}

#[test]
fn quotes_comments_and_block_text_do_not_open_collections() {
    let text = format!(
        "  Log:
    Type: AWS::Logs::LogGroup
    Metadata:
      Note: it's {{ not open
      Quote: \"{{ \\\" [\"
      Single: '{{ it''s ['
      Comment: text # {{ [
      Text: |
        {{ \"not\": [
      Folded: !Sub >-
        [ {{
      List:
        - |
          {{ [
        - !Sub '{{'
{POLICY}"
    );
    assert_eq!(document(&text)["Version"], "2012-10-17");
}

#[test]
fn errors_in_moved_lines_name_their_own_column() {
    let text = format!("Resources:\n{POLICY}").replace("\"iot:Connect\"", "!Ref Nowhere");
    let strict = text.replace("\n      }", "\n        }");
    assert_eq!(error(&text, &[]), error(&strict, &[]));
    assert!(error(&text, &[]).starts_with("t.yaml:9:"), "{text}");
    // The mistake is behind what was moved: it is reported, not the first line.
    let behind = format!("Resources:\n{POLICY}  [Hut]: {{}}\n");
    assert_eq!(
        error(&behind, &[]),
        "t.yaml:12:3: parse yaml: a key must be text"
    );
    // Nothing is moved without an open collection.
    let message = error("Resources:\n  A: [\n", &[]);
    assert!(message.starts_with("t.yaml:"), "{message}");
}
