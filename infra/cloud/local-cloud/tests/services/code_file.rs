//! Code that is a single file, and functions without `CodeUri`.

use local_cloud::{LocalCloud, Options};
use serde_json::json;

use crate::world::{options, rest};

const TEMPLATE: &str = "\
Transform: AWS::Serverless-2016-10-31
Resources:
  Alone:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: app.py, Handler: app.list, Runtime: python3.12, FunctionName: alone}
  Around:
    Type: AWS::Serverless::Function
    Properties: {Handler: app.list, Runtime: python3.12, FunctionName: around}
";

const LIST: &str = "\
import os
def list(event, context):
    return sorted(os.listdir(os.environ['LAMBDA_TASK_ROOT']))
";

// AWS same(functions): code that is a single file is the only file of its function, and a function
//     of SAM without CodeUri has the template's folder, as AWS's command lines package them
#[tokio::test]
async fn code_is_one_file_or_the_folder_of_the_template() {
    let folder = tempfile::tempdir().unwrap();
    let (template, code) = (folder.path().join("t.yaml"), folder.path().join("app.py"));
    std::fs::write(&template, TEMPLATE).unwrap();
    std::fs::write(&code, LIST).unwrap();
    let stack = Options {
        template,
        binaries: [].into(),
        ..options()
    };
    let cloud = LocalCloud::start(stack).await.unwrap();
    let address = &cloud.endpoints().iot;
    for (name, expected) in [
        ("alone", json!(["app.py"])),
        ("around", json!(["app.py", "t.yaml"])),
    ] {
        let invoke = format!("POST /2015-03-31/functions/{name}/invocations");
        let answer = rest(&cloud, address, &invoke, "", "{}").await;
        assert_eq!(answer.body, expected, "{answer:?}");
    }
    // The file is watched where it is, and changed code runs.
    assert_eq!(cloud.code().await["Alone"], code);
    std::fs::write(&code, "def list(event, context):\n    return 2\n").unwrap();
    cloud.reload(&["Alone".to_owned()].into()).await.unwrap();
    let invoke = "POST /2015-03-31/functions/alone/invocations";
    let answer = rest(&cloud, address, invoke, "", "{}").await;
    assert_eq!(answer.body, json!(2), "{answer:?}");
    cloud.shutdown().await;
}
