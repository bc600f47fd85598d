//! A second stack in the same account and region: its rules match every press, request and report
//! of ours, and its functions can command our locks.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use aws_sdk_dynamodb::types::AttributeValue;
use e2e::World;
use e2e::log::Log;
use serde_json::json;
use tempfile::TempDir;

/// How long both stacks are observed.
const WATCHED: Duration = Duration::from_secs(20);

/// The parts of the second stack: a table of its own, then a function and a rule like ours.
const TABLE: &str = r#"
  SecondTable:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: second-stack
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - {AttributeName: pk, AttributeType: S}
        - {AttributeName: sk, AttributeType: S}
      KeySchema:
        - {AttributeName: pk, KeyType: HASH}
        - {AttributeName: sk, KeyType: RANGE}
"#;

const FUNCTION: &str = r#"
  Second<name>Function:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: <binary>}}
    Properties:
      CodeUri: lambdas/<binary>
      Environment: {Variables: {TABLE_NAME: !Ref SecondTable}}
      Policies:
        - Version: '2012-10-17'
          Statement:
            - Effect: Allow
              Action: [dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem]
              Resource: !GetAtt SecondTable.Arn
            - Effect: Allow
              Action: [iot:Publish, iot:GetThingShadow]
              Resource: '*'
"#;

const RULE: &str = r#"
  Second<name>:
    Type: AWS::IoT::TopicRule
    Properties:
      TopicRulePayload:
        AwsIotSqlVersion: '2016-03-23'
        RuleDisabled: false
        Sql: "<sql>"
        Actions:
          - Lambda: {FunctionArn: !GetAtt Second<function>.Arn}
  Second<name>Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !GetAtt Second<function>.Arn
      Principal: iot.amazonaws.com
      SourceAccount: !Ref AWS::AccountId
      SourceArn: !GetAtt Second<name>.Arn
"#;

/// The product's template with the functions of a second stack.
struct Account {
    template: PathBuf,
    _directory: TempDir,
}

impl Account {
    fn new() -> Result<Self> {
        let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
        let text = std::fs::read_to_string(original).context("read template.yaml")?;
        let mut second = TABLE.to_owned();
        for (name, binary) in [("Press", "press"), ("Report", "report")] {
            second += &FUNCTION.replace("<name>", name).replace("<binary>", binary);
        }
        for (rule, function) in [
            ("ButtonRule", "PressFunction"),
            ("RequestRule", "PressFunction"),
            ("ReportRule", "ReportFunction"),
        ] {
            let with_function = RULE.replace("<function>", function);
            let with_sql = with_function.replace("<sql>", &statement(&text, rule)?);
            second += &with_sql.replace("<name>", rule);
        }
        let text = text.replacen("\nOutputs:\n", &format!("{second}\nOutputs:\n"), 1);
        let directory = tempfile::tempdir().context("create the template's folder")?;
        let template = directory.path().join("template.yaml");
        std::fs::write(&template, text).context("write the template")?;
        Ok(Self {
            template,
            _directory: directory,
        })
    }

    async fn world(&self) -> Result<World> {
        let template = self.template.to_str().context("the path is not UTF-8")?;
        World::start_with(&["--memory", "--no-button-devices", "--template", template]).await
    }
}

/// The SQL of a rule of the template.
fn statement(template: &str, rule: &str) -> Result<String> {
    let (_, after) = template
        .split_once(&format!("\n  {rule}:\n"))
        .with_context(|| format!("no {rule} in the template"))?;
    let (_, after) = after.split_once("Sql: >-\n").context("no Sql")?;
    let (sql, _) = after.split_once("        Actions:").context("no Actions")?;
    Ok(sql.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Partition keys in the second stack's table, without the functions' own entries.
async fn second_keys(world: &World) -> Result<Vec<String>> {
    let scan = world.dynamodb().scan().table_name("second-stack");
    let items = scan.send().await.context("scan the second table")?.items;
    let keys = items.unwrap_or_default().into_iter().filter_map(|item| {
        let key = item.get("pk")?.as_s().ok()?;
        Some(key.clone()).filter(|key| key != "deployment")
    });
    Ok(keys.collect())
}

/// Waits for [`WATCHED`] and returns the log until then.
async fn watch(world: &World) -> Result<Log> {
    let mut client = world.client("button-1").await?;
    // A connection that receives nothing serves as the timer.
    client.idle(WATCHED).await?;
    world.log()
}

#[tokio::test]
async fn a_second_stack_ignores_locks_that_it_has_not_registered() -> Result<()> {
    let account = Account::new()?;
    let world = account.world().await?;
    world.until_settled("lock-1", "locked").await?;
    let log = watch(&world).await?;
    assert!(
        log.successes("SecondReportFunction") > 0,
        "the second stack has not seen the lock's reports"
    );
    assert_eq!(
        log.commands("lock-1"),
        1,
        "the first report was not answered once, by the stack that registered the lock"
    );
    assert_eq!(world.lock("lock-1").await?["device"]["movements"], 0);
    assert_eq!(second_keys(&world).await?, Vec::<String>::new());

    world.lockctl_json(&["unlock", "lock-1"]).await?;
    world
        .until_log("the request by both stacks", |log| {
            log.successes("SecondPressFunction") > 0
        })
        .await?;
    let lock = world.until_settled("lock-1", "unlocked").await?;
    assert_eq!(
        lock["device"]["movements"], 1,
        "one request made several movements"
    );
    assert_eq!(world.log()?.commands("lock-1"), 2);
    assert_eq!(second_keys(&world).await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn two_stacks_that_both_registered_a_lock_do_not_fight_over_it() -> Result<()> {
    let account = Account::new()?;
    let world = account.world().await?;
    world.until_settled("lock-1", "locked").await?;
    register_in_second(&world, "lock-1").await?;
    // The second stack sees its first report and sends a command; ours sees a version ahead.
    world.power("lock-1", false).await?;
    world.power("lock-1", true).await?;
    world
        .until_log("a command of the second stack", |log| {
            log.commands("lock-1") > 1
        })
        .await?;
    let before = world.log()?.commands("lock-1");
    let log = watch(&world).await?;
    let commands = log.commands("lock-1") - before;
    assert!(commands <= 2, "more than one command per stack: {commands}");
    assert_eq!(world.lock("lock-1").await?["device"]["movements"], 0);
    Ok(())
}

/// Writes what `lockctl register lock` writes, to the other table.
async fn register_in_second(world: &World, lock: &str) -> Result<()> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = |number: u64| AttributeValue::N(number.to_string());
    let put = world
        .dynamodb()
        .put_item()
        .table_name("second-stack")
        .item("pk", text(&format!("lock#{lock}")))
        .item("sk", text("record"))
        .item("lock", text(lock))
        .item("version", number(0))
        .item("state", text("unknown"))
        .item("status", text("unresponsive"))
        .item("dueShard", text("0"))
        .item("dueAt", number(0));
    put.send().await.context("register in the second table")?;
    let keys = second_keys(world).await?;
    assert_eq!(json!(keys), json!([format!("lock#{lock}")]));
    Ok(())
}
