//! Links that a changed template breaks.

use anyhow::{Context, Result, ensure};
use e2e::World;
use e2e::place::text;

use crate::until_named;

const STRANGER: &str = "  StrangerRule:
    Type: AWS::IoT::TopicRule
    Properties:
      RuleName: stranger
      TopicRulePayload:
        AwsIotSqlVersion: '2016-03-23'
        RuleDisabled: false
        Sql: SELECT * FROM 'iotbutton/#'
        Actions:
          - Lambda: {FunctionArn: !Ref ReportFunction.Alias}

  RequestRule:
";

/// A text of the template, what replaces it, the link that must be named, a part of what fixes
/// it.
pub const ROWS: [(&str, &str, &str, &str); 6] = [
    (
        "      Role: !GetAtt PressRole.Arn\n      AutoPublishAlias: live\n",
        "      Role: !GetAtt PressRole.Arn\n      AutoPublishAlias: other\n",
        "function press",
        "sam deploy",
    ),
    (
        "      SourceArn: !GetAtt ButtonRule.Arn\n",
        "      SourceArn: !GetAtt RequestRule.Arn\n",
        "permission button",
        "aws lambda add-permission --function-name remote-lock-PressFunction",
    ),
    (
        "          FROM 'iotbutton/+'\n        Actions:\n          - Lambda: {FunctionArn: !Ref \
         PressFunction.Alias}\n",
        "          FROM 'iotbutton/+'\n        Actions:\n          - Lambda: {FunctionArn: !Ref \
         ReportFunction.Alias}\n",
        "rule button",
        "sam deploy",
    ),
    (
        "  RequestRule:\n",
        STRANGER,
        "other rules",
        "aws iot disable-topic-rule --rule-name stranger",
    ),
    (
        "  DoctorPolicyArn:\n",
        "  OtherPolicyArn:\n",
        "outputs",
        "sam deploy",
    ),
    (
        "  LockNamePattern:\n    Type: String\n    Default: '*'\n",
        "  LockNamePattern:\n    Type: String\n    Default: 'door-*'\n",
        "lock-1 name",
        "LockNamePattern=lock-1",
    ),
];

#[tokio::test]
async fn what_a_template_breaks_is_named_until_it_is_mended() -> Result<()> {
    let whole = text()?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, &whole)?;
    let file = path.to_str().context("the path is not UTF-8")?;
    let world = World::start_with(&["--memory", "--watch", "--template", file]).await?;
    world.until_settled("lock-1", "locked").await?;
    until_named(&world, None).await?;
    for (old, new, title, part) in ROWS {
        ensure!(whole.matches(old).count() == 1, "{old}");
        std::fs::write(&path, whole.replace(old, new))?;
        let fix = until_named(&world, Some(title)).await?;
        ensure!(fix.contains(part), "{title}: {fix}");
        std::fs::write(&path, &whole)?;
        let fixed = until_named(&world, None).await;
        fixed.with_context(|| format!("{title} was fixed"))?;
    }
    Ok(())
}
