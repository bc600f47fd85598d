//! What templates mean, and which are refused.

use serde_json::json;

use super::*;

fn with_thing(properties: Value) -> Template {
    let template = json!({
        "Parameters": {
            "SerialNumber": {"Type": "String"},
            "Place": {"Type": "String", "Default": "hall/left"},
            "AWS::IoT::Certificate::Id": {"Type": "String"},
        },
        "Mappings": {"Urls": {"hall": {"url": "https://hall.example"}}},
        "Resources": {
            "thing": {"Type": "AWS::IoT::Thing", "Properties": properties},
            "certificate": {"Type": "AWS::IoT::Certificate", "Properties": {
                "CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"}},
            "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "p"}},
        },
        "DeviceConfiguration": {"url": {"Fn::FindInMap": ["Urls",
            {"Fn::Select": [0, {"Fn::Split": ["/", {"Ref": "Place"}]}]}, "url"]}},
    });
    Template::parse(&template.to_string()).unwrap()
}

fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs.iter();
    pairs
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

// AWS same(jobs): a provisioning template has parameters with defaults, mappings, a device
//     configuration, Ref and Fn::Join, Fn::Select, Fn::Split, Fn::FindInMap, Fn::Sub
#[test]
fn functions_and_parameters_are_replaced() {
    let template = with_thing(json!({
        "ThingName": {"Fn::Join": ["", ["lamp-", {"Ref": "SerialNumber"}]]},
        "AttributePayload": {"label": {"Fn::Sub": "${SerialNumber}-${!kept}"}, "version": "v1"},
        "ThingGroups": ["lamps", {"Ref": "Place"}],
    }));
    let plan = template
        .resolve(&given(&[("SerialNumber", "7")]), "c")
        .unwrap();
    let thing = plan.thing.unwrap();
    assert_eq!(thing.name, "lamp-7");
    assert_eq!(
        thing.attributes,
        given(&[("label", "7-${kept}"), ("version", "v1")])
    );
    let groups: Vec<&str> = thing.groups.iter().map(String::as_str).collect();
    assert_eq!(groups, ["hall/left", "lamps"]);
    assert_eq!(plan.is_active, Some(true));
    assert_eq!(plan.policies, [PolicyPlan::Existing("p".to_owned())]);
    assert_eq!(
        plan.device_configuration,
        json!({"url": "https://hall.example"})
    );
}

#[test]
fn a_value_that_is_missing_is_named() {
    let template = with_thing(json!({"ThingName": {"Ref": "SerialNumber"}}));
    for (place, serial, problem) in [
        (None, None, "parameter SerialNumber has no value"),
        (Some("attic/left"), Some("7"), "Fn::FindInMap has no value"),
    ] {
        let mut parameters = BTreeMap::new();
        for (name, value) in [("Place", place), ("SerialNumber", serial)] {
            parameters.extend(value.map(|value: &str| (name.to_owned(), value.to_owned())));
        }
        let error = template.resolve(&parameters, "c").unwrap_err();
        assert!(error.contains(problem), "{error}");
    }
}

// AWS absent(jobs): billing groups, certificates by request or PEM, and versions of packages in a
//     provisioning template; CreateProvisioningTemplate refuses it and names resource and property
#[test]
fn what_a_template_may_not_have_is_refused_when_it_is_created() {
    let resource = |kind: &str, properties: Value| {
        json!({"Resources": {"r": {"Type": kind, "Properties": properties}}}).to_string()
    };
    for (text, problem) in [
        ("[]".to_owned(), "not a JSON object"),
        ("{}".to_owned(), "no Resources"),
        ("{".to_owned(), "templateBody"),
        (
            r#"{"Resources": {}, "Outputs": {}}"#.to_owned(),
            "no section Outputs",
        ),
        (
            resource("AWS::S3::Bucket", json!({})),
            "resource r: no type AWS::S3::Bucket",
        ),
        (
            resource("AWS::IoT::Thing", json!({"BillingGroup": "b"})),
            "resource r: BillingGroup is not supported",
        ),
        (
            resource("AWS::IoT::Certificate", json!({"CertificatePem": "p"})),
            "resource r: CertificatePem is not supported",
        ),
    ] {
        let error = Template::parse(&text).unwrap_err();
        assert!(error.contains(problem), "{error}");
    }
}
