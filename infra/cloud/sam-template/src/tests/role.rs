//! The roles that SAM generates.

use super::*;

#[test]
fn a_function_without_a_role_gets_a_generated_one() {
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
