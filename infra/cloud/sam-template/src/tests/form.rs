//! The outer form of a template: its sections, its names, and macros in them.

use super::*;

// AWS same(template): a logical id with anything but letters and digits is refused, and a section
//     that is not a map
// AWS absent(template): Fn::Transform and Fn::ForEach, in any section; refused with file, line and
//     advice
#[test]
fn sections_are_maps_of_names() {
    let macros = "function Transform is not supported: macros are not run; expand them yourself";
    let thing = "{Type: AWS::IoT::Thing}";
    let cases = [
        (
            "Resources:\n  Fn::Transform: {Name: AWS::Include}\n".to_owned(),
            format!("t.yaml:2:3: Resources: {macros}"),
        ),
        (
            format!("Resources:\n  A: {thing}\n  Fn::Transform: {{Name: X}}\n"),
            format!("t.yaml:3:3: Resources: {macros}"),
        ),
        (
            "Resources:\n  Fn::ForEach::Each: [A, [B], {}]\n".to_owned(),
            "t.yaml:2:3: Resources: function ForEach::Each is not supported: the transform \
             AWS::LanguageExtensions is not run; expand it yourself"
                .to_owned(),
        ),
        (
            format!("Resources:\n  A: {thing}\n  Fn::ForEach::Each: []\n"),
            "t.yaml:3:3: Resources: function ForEach::Each is not supported: the transform"
                .to_owned(),
        ),
        (
            "Resources:\n  A:\n    Type: AWS::IoT::Thing\n    Fn::Transform: {}\n".to_owned(),
            format!("t.yaml:4:5: A: {macros}"),
        ),
        (
            "Resources:\n  A:\n    Type: AWS::IoT::Thing\n    Properties:\n      ThingName: \
             a\n      Fn::Transform: {}\n"
                .to_owned(),
            format!("t.yaml:6:7: A: {macros}"),
        ),
        (
            format!("Resources:\n  A: {thing}\nOutputs:\n  Fn::ForEach::Each: []\n"),
            "t.yaml:4:3: Outputs: function ForEach::Each is not supported".to_owned(),
        ),
        (
            format!("Resources:\n  A: {thing}\nOutputs: 5\n"),
            "t.yaml:3:10: template: Outputs must be a map".to_owned(),
        ),
        (
            format!("Resources:\n  A-b: {thing}\n"),
            "t.yaml:2:3: A-b: the logical id cannot be \"A-b\": CloudFormation accepts letters and \
             digits only: rename it"
                .to_owned(),
        ),
        (
            format!("Parameters:\n  A_b: {{Type: String}}\nResources:\n  A: {thing}\n"),
            "t.yaml:2:3: A_b: the logical id cannot be".to_owned(),
        ),
        (
            format!("Resources:\n  A: {thing}\nOutputs:\n  A b: {{Value: 1}}\n"),
            "t.yaml:4:3: A b: the logical id cannot be".to_owned(),
        ),
        (
            THERMOSTAT.replace("        Often:", "        of-ten:"),
            "Regulate: the logical id cannot be \"of-ten\"".to_owned(),
        ),
    ];
    for (text, expected) in cases {
        let message = error(&text, &[]);
        assert!(
            message.contains(&expected),
            "{text}\n gave {message}\n want {expected}"
        );
    }
}

#[test]
fn a_message_has_no_empty_list() {
    let thing = "Resources:\n  A: {Type: AWS::IoT::Thing}\n";
    assert_eq!(
        error(thing, &[("Room", "attic")]),
        "t.yaml: parameter Room is not declared: the template has no parameters, so leave it out"
    );
    let cases = [
        (
            "Parameters:\n  Room: {Type: String, Default: a, AllowedValues: []}\n".to_owned()
                + thing,
            "t.yaml:2:3: Room: the value cannot be \"a\": AllowedValues is empty",
        ),
        (
            "Mappings:\n  Floors: {}\nResources:\n  A:\n    Type: AWS::IoT::Thing\n    \
             Properties: {ThingName: !FindInMap [Floors, a, b]}\n"
                .to_owned(),
            "FindInMap Floors cannot be \"a\": it has no keys: add this one",
        ),
        (
            "Resources:\n  A:\n    Type: AWS::IoT::Thing\n    Properties: {ThingName: !GetAtt \
             Both.Arn}\n  Both: {Type: AWS::Logs::MetricFilter}\n"
                .to_owned(),
            "resource Both has no attribute Arn; it has none: use !Ref",
        ),
    ];
    for (text, expected) in cases {
        let message = error(&text, &[]);
        assert!(message.contains(expected), "{text}\n gave {message}");
    }
}
