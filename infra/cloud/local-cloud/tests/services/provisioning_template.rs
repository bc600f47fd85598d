//! Provisioning templates by the control plane.

use serde_json::{Value, json};

use crate::control_plane::{ask, refused, succeed};
use crate::fleet_provisioning::{HOOK, body, with_template};

// AWS same(jobs): provisioning templates and their versions are created, listed, described, changed
//     and deleted
// AWS absent(jobs): just-in-time provisioning, bulk registration and RegisterThing over HTTPS; the
//     type JITP is refused with InvalidRequestException, the operations with
//     UnknownOperationException
#[tokio::test]
async fn templates_have_versions() {
    let cloud = with_template(true).await;
    let path = "/provisioning-templates/lamps";
    let shown = succeed(&cloud, &format!("GET {path}")).await;
    assert_eq!(shown["preProvisioningHook"]["targetArn"], HOOK);
    assert_eq!(shown["templateBody"], body().to_string());
    let next = json!({"templateBody": body().to_string()});
    let make = format!("POST {path}/versions?setAsDefault=true");
    let made = ask(&cloud, &make, "", &next).await;
    assert_eq!(
        (&made.body["versionId"], &made.body["isDefaultVersion"]),
        (&json!(2), &json!(true))
    );
    let update = json!({"removePreProvisioningHook": true, "enabled": false});
    assert_eq!(
        ask(&cloud, &format!("PATCH {path}"), "", &update)
            .await
            .status,
        200
    );
    let shown = succeed(&cloud, &format!("GET {path}")).await;
    assert_eq!(
        (shown.get("preProvisioningHook"), &shown["enabled"]),
        (None, &json!(false))
    );
    let versions = succeed(&cloud, &format!("GET {path}/versions")).await;
    assert_eq!(versions["versions"].as_array().unwrap().len(), 2);

    let conflict = "DeleteConflictException";
    for request in [
        format!("DELETE {path}"),
        format!("DELETE {path}/versions/2"),
    ] {
        refused(&cloud, &request, "", &Value::Null, 409, conflict).await;
    }
    succeed(&cloud, &format!("DELETE {path}/versions/1")).await;
    succeed(&cloud, &format!("DELETE {path}")).await;
    let missing = "ResourceNotFoundException";
    refused(
        &cloud,
        &format!("GET {path}"),
        "",
        &Value::Null,
        404,
        missing,
    )
    .await;
    let create = |more: Value| {
        let mut body = json!({"templateName": "t", "templateBody": body().to_string(),
            "provisioningRoleArn": "arn:aws:iam::123456789012:role/r"});
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        body
    };
    let request = "POST /provisioning-templates";
    for more in [
        json!({"type": "JITP"}),
        json!({"templateBody": "{"}),
        json!({"templateName": "a b"}),
        json!({"provisioningRoleArn": null}),
        json!({"tags": [{"Key": "k", "Value": "v"}]}),
    ] {
        refused(
            &cloud,
            request,
            "",
            &create(more),
            400,
            "InvalidRequestException",
        )
        .await;
    }
    cloud.shutdown().await;
}
