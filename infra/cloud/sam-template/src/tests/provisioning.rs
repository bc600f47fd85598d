//! Provisioning templates.

use super::*;

const FLEET: &str = "\
Resources:
  Lamps:
    Type: AWS::IoT::ProvisioningTemplate
    Properties:
      TemplateName: lamps
      Enabled: true
      ProvisioningRoleArn: arn:aws:iam::123456789012:role/r
      TemplateBody: '{\"Resources\": {}}'
      PreProvisioningHook: {TargetArn: 'arn:aws:lambda:us-east-1:123456789012:function:f'}
Outputs:
  Name: {Value: !Ref Lamps}
  Arn: {Value: !GetAtt Lamps.TemplateArn}
";

// AWS same(template): AWS::IoT::ProvisioningTemplate with its hook; Ref is its name, TemplateArn
//     its ARN
#[test]
fn a_provisioning_template_is_read() {
    let template = Template::parse("t.yaml", FLEET, &context(&[]));
    let template = template.unwrap_or_else(|e| panic!("{e}"));
    let lamps = &template.provisioning_templates[0];
    assert_eq!((lamps.name.as_str(), lamps.enabled), ("lamps", true));
    assert_eq!(lamps.body, r#"{"Resources": {}}"#);
    let hook = lamps.hook.as_ref().unwrap();
    assert!(hook.target_arn.ends_with(":function:f"));
    let arn = "arn:aws:iot:us-east-1:123456789012:provisioningtemplate/lamps";
    assert_eq!(template.outputs["Name"], "lamps");
    assert_eq!(template.outputs["Arn"], arn);
}

#[test]
fn a_template_for_an_authority_of_ones_own_is_refused() {
    let text = FLEET.replace("Enabled: true", "TemplateType: JITP");
    let error = Template::parse("t.yaml", &text, &context(&[])).unwrap_err();
    let error = error.to_string();
    for part in ["t.yaml:5", "Lamps", "TemplateType", "FLEET_PROVISIONING"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}
