//! Code that is a single file, and functions without `CodeUri`.

use std::io::Write as _;

use local_cloud::{LocalCloud, Options, narrate};
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

const OWN: &str = r#"#!/usr/bin/env python3
import os
import urllib.request

api = "http://%s/2018-06-01/runtime/invocation" % os.environ["AWS_LAMBDA_RUNTIME_API"]
while True:
    with urllib.request.urlopen(api + "/next") as event:
        id = event.headers["Lambda-Runtime-Aws-Request-Id"]
    answer = urllib.request.Request("%s/%s/response" % (api, id), data=b'"own"')
    urllib.request.urlopen(answer).close()
"#;

/// An archive with these files; those without an ending are executable.
fn archive(path: &std::path::Path, files: &[(&str, &str)]) {
    let mut archive = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, text) in files {
        let mode = if name.contains('.') { 0o644 } else { 0o755 };
        let options = zip::write::SimpleFileOptions::default().unix_permissions(mode);
        archive.start_file(*name, options).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap();
}

// AWS same(functions): code and the content of a layer may be zip archives on the machine that
//     deploys
#[tokio::test]
async fn code_and_layers_may_be_archives() {
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("t.yaml");
    let text = "Transform: AWS::Serverless-2016-10-31
Resources:
  Words: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: words.zip}}
  Packed:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: app.zip
      Handler: app.list
      Runtime: python3.12
      FunctionName: packed
      Layers: [!Ref Words]
  Own:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: own.zip, Handler: own, Runtime: provided.al2023, FunctionName: own}
";
    std::fs::write(&template, text).unwrap();
    let code = "from words import word\ndef list(event, context):\n    return word\n";
    archive(&folder.path().join("app.zip"), &[("app.py", code)]);
    let words = [("python/words.py", "word = 'packed'\n")];
    archive(&folder.path().join("words.zip"), &words);
    archive(&folder.path().join("own.zip"), &[("bootstrap", OWN)]);
    let stack = Options {
        template: template.clone(),
        binaries: [].into(),
        ..options()
    };
    let cloud = LocalCloud::start(stack.clone()).await.unwrap();
    for name in ["packed", "own"] {
        let invoke = format!("POST /2015-03-31/functions/{name}/invocations");
        let answer = rest(&cloud, &cloud.endpoints().iot, &invoke, "", "{}").await;
        assert_eq!(answer.body, json!(name), "{answer:?}");
    }
    cloud.shutdown().await;

    std::fs::write(folder.path().join("app.zip"), "no archive").unwrap();
    let refused = LocalCloud::start(stack).await.err().unwrap();
    let found = narrate::chain(&refused);
    let expected = format!("{}:4:3: Packed: Packed: put ", template.display());
    assert!(found.starts_with(&expected), "{found}\n   want {expected}");
    assert!(
        found.contains("app.zip into a folder of its own: "),
        "{found}"
    );
}
