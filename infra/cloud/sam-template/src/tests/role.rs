//! Declared roles and those that SAM generates.

use super::*;

#[test]
fn a_role_has_its_documents_and_a_function_without_one_gets_its_own() {
    let template = thermostat(&[]);
    let role = &template.roles[0];
    assert_eq!(role.arn, "arn:aws:iam::123456789012:role/my-home-Copier");
    assert_eq!(role.documents[0]["Statement"][0]["Action"], "iot:Publish");
    let function = &template.functions[0];
    let own = format!(
        "arn:aws:iam::123456789012:role/my-home-{}Role",
        function.logical_id
    );
    assert_eq!((&function.role_arn, function.role_is_own), (&own, true));
}
