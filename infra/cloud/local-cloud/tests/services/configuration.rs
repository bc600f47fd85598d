//! Lambda's API for whoever looks at a function: its configuration, alias and policy.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use local_cloud::LocalCloud;
use serde_json::{Value, json};

use crate::user::rest_of_user;
use crate::world::{Answer, deployed, deployment, here, rest};

const FUNCTION: &str = "/2015-03-31/functions/stack-EchoFunction";
const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:stack-EchoFunction";

/// A call of Lambda by the operator.
async fn lambda(cloud: &LocalCloud, path: &str) -> Answer {
    let endpoint = &cloud.endpoints().lambda;
    rest(cloud, endpoint, &format!("GET {path}"), "", "").await
}

// AWS same(functions): GetFunctionConfiguration of the function, its alias or its version: State,
//     LastUpdateStatus, Version, role, variables, logging, limits
// AWS same(functions): GetAlias names the version that an alias runs; a version is not an alias
// AWS different(functions): CodeSha256 and CodeSize are of the uploaded archive; here of the
//     executable
// AWS absent(functions): Lambda's other operations for reading and changing functions; refused with
//     UnknownOperationException
#[tokio::test]
async fn a_function_is_described_with_its_alias() {
    let cloud = deployed(&[]).await;
    let unqualified = lambda(&cloud, &format!("{FUNCTION}/configuration")).await;
    assert_eq!(unqualified.status, 200, "{unqualified:?}");
    for (field, value) in [
        ("FunctionName", json!("stack-EchoFunction")),
        ("FunctionArn", json!(ARN)),
        ("Version", json!("$LATEST")),
        ("State", json!("Active")),
        ("LastUpdateStatus", json!("Successful")),
        ("Runtime", json!("provided.al2023")),
        ("PackageType", json!("Zip")),
        ("Timeout", json!(10)),
        ("MemorySize", json!(128)),
        ("Environment", json!({"Variables": {"TABLE_NAME": "stack"}})),
    ] {
        assert_eq!(unqualified.body[field], value, "{field}");
    }
    let size = fs::metadata(here("echo.py")).unwrap().len();
    assert_eq!(unqualified.body["CodeSize"], size);
    let sha256 = unqualified.body["CodeSha256"].as_str().unwrap_or_default();
    assert_eq!(sha256.len(), 44, "{sha256}");
    assert!(unqualified.body["LoggingConfig"]["LogGroup"].is_string());
    for qualifier in ["live", "1"] {
        let path = format!("{FUNCTION}/configuration?Qualifier={qualifier}");
        let qualified = lambda(&cloud, &path).await.body;
        assert_eq!(qualified["FunctionArn"], format!("{ARN}:{qualifier}"));
        assert_eq!(qualified["Version"], "1");
    }
    let alias = lambda(&cloud, &format!("{FUNCTION}/aliases/live")).await;
    assert_eq!(alias.body["AliasArn"], format!("{ARN}:live"));
    assert_eq!(alias.body["FunctionVersion"], "1");
    for (path, message) in [
        ("/aliases/1", format!("Cannot find alias arn: {ARN}:1")),
        (
            "/configuration?Qualifier=dead",
            format!("Function not found: {ARN}:dead"),
        ),
        ("x/policy", format!("Function not found: {ARN}x")),
    ] {
        let answer = lambda(&cloud, &format!("{FUNCTION}{path}")).await;
        assert_eq!(answer.status, 404, "{answer:?}");
        assert_eq!(answer.body["message"], message);
        let kind = "x-amzn-errortype: resourcenotfoundexception";
        assert!(answer.head.contains(kind), "{answer:?}");
    }
    let other = lambda(&cloud, "/2015-03-31/functions").await;
    assert_eq!(other.status, 404, "{other:?}");
    let kind = "x-amzn-errortype: unknownoperationexception";
    assert!(other.head.contains(kind), "{other:?}");
    cloud.shutdown().await;
}

// AWS same(functions): GetPolicy returns the permissions of exactly the function, alias or version
//     that is named; without any it does not exist
#[tokio::test]
async fn the_policy_of_an_alias_holds_its_permissions() {
    let cloud = deployed(&[]).await;
    let of_alias = lambda(&cloud, &format!("{FUNCTION}/policy?Qualifier=live")).await;
    let document = of_alias.body["Policy"].as_str().unwrap_or_default();
    let document: Value = serde_json::from_str(document).unwrap();
    let of_rule = json!({
        "Sid": "AliasRulePermission",
        "Effect": "Allow",
        "Principal": {"Service": "iot.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": format!("{ARN}:live"),
        "Condition": {"ArnLike": {
            "AWS:SourceArn": "arn:aws:iot:us-east-1:123456789012:rule/stack_AliasRule",
        }},
    });
    let statements = document["Statement"].as_array().unwrap();
    let found = statements.iter().find(|one| one["Sid"] == of_rule["Sid"]);
    let found = found.unwrap_or_else(|| panic!("{document:#}"));
    for field in ["Effect", "Principal", "Action", "Resource"] {
        assert_eq!(found[field], of_rule[field], "{field}");
    }
    let source = &found["Condition"]["ArnLike"]["AWS:SourceArn"];
    let source = source.as_str().unwrap_or_default();
    assert!(source.starts_with("arn:aws:iot:us-east-1:123456789012:rule/"));
    assert_eq!(statements.len(), 2, "{document:#}");
    let unqualified = lambda(&cloud, &format!("{FUNCTION}/policy")).await;
    assert_eq!(unqualified.status, 404, "{unqualified:?}");
    let message = "The resource you requested does not exist.";
    assert_eq!(unqualified.body["message"], message);
    cloud.shutdown().await;
}

// AWS different(functions): a function's state does not depend on a file; here a function whose
//     executable is gone is Failed, with the reason
#[tokio::test]
async fn a_function_without_its_executable_has_failed() {
    let folder = tempfile::tempdir().unwrap();
    let code = folder.path().join("echo");
    fs::write(&code, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&code, fs::Permissions::from_mode(0o755)).unwrap();
    let mut options = deployment(&[]);
    options.binaries = BTreeMap::from([("echo".to_owned(), code.clone())]);
    let cloud = LocalCloud::start(options).await.unwrap();
    let path = format!("{FUNCTION}/configuration?Qualifier=live");
    assert_eq!(lambda(&cloud, &path).await.body["State"], "Active");
    fs::remove_file(&code).unwrap();
    let failed = lambda(&cloud, &path).await.body;
    assert_eq!(failed["State"], "Failed");
    let reason = failed["StateReason"].as_str().unwrap_or_default();
    assert!(reason.starts_with("read executable /"), "{reason}");
    cloud.shutdown().await;
}

// AWS same(iam): GetFunctionConfiguration and GetPolicy need the right to the function with the
//     qualifier that the call names, GetAlias to the function
#[tokio::test]
async fn a_user_reads_functions_with_the_rights_that_aws_names() {
    let cloud = deployed(&[]).await;
    let endpoint = cloud.endpoints().lambda.clone();
    for (path, denied) in [
        ("/aliases/live", None),
        ("/configuration?Qualifier=live", None),
        (
            "/configuration",
            Some(("lambda:GetFunctionConfiguration", ARN.to_owned())),
        ),
        (
            "/policy?Qualifier=live",
            Some(("lambda:GetPolicy", format!("{ARN}:live"))),
        ),
    ] {
        let line = format!("GET {FUNCTION}{path}");
        let answer = rest_of_user(&cloud, &endpoint, &line, "", "").await;
        let Some((action, resource)) = denied else {
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
            continue;
        };
        assert_eq!(answer.status, 403, "{path}: {answer:?}");
        let words = format!("not authorized to perform: {action} on resource: {resource} because");
        assert!(answer.text.contains(&words), "{answer:?}");
    }
    cloud.shutdown().await;
}
