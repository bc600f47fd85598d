//! Thing types and thing groups: created, used by things, listed, and gone with a thing.

use serde_json::{Value, json};

use crate::control_plane::{ask, refused, succeed};
use crate::world::cloud;

const NOT_FOUND: &str = "ResourceNotFoundException";
const EXISTS: &str = "ResourceAlreadyExistsException";
const INVALID: &str = "InvalidRequestException";

// AWS same(control-plane): CreateThing and UpdateThing set the thing type, which must exist;
//     removeThingType removes it; DescribeThing and ListThings show it, and ListThings filters by
//     it
// AWS same(control-plane): CreateThing again with another thing type is refused with
//     ResourceAlreadyExistsException
// AWS same(control-plane): a thing with a thing type has at most 50 attributes
#[tokio::test]
async fn a_thing_has_a_type_that_exists() {
    let cloud = cloud().await;
    let nothing = Value::Null;
    let typed = json!({"thingTypeName": "door"});
    refused(&cloud, "POST /things/a", "", &typed, 404, NOT_FOUND).await;
    refused(
        &cloud,
        "GET /thing-types/door",
        "",
        &nothing,
        404,
        NOT_FOUND,
    )
    .await;
    let made = ask(&cloud, "POST /thing-types/door", "", &nothing).await;
    assert_eq!(made.status, 200, "{made:?}");
    let arn = "arn:aws:iot:us-east-1:123456789012:thingtype/door";
    assert_eq!(made.body["thingTypeArn"], arn);
    let described = succeed(&cloud, "GET /thing-types/door").await;
    assert_eq!(described["thingTypeId"], made.body["thingTypeId"]);
    assert_eq!(described["thingTypeMetadata"]["deprecated"], false);
    let again = ask(&cloud, "POST /thing-types/door", "", &nothing).await;
    assert_eq!(again.body, made.body);
    let other = json!({"thingTypeProperties": {"thingTypeDescription": "other"}});
    refused(&cloud, "POST /thing-types/door", "", &other, 409, EXISTS).await;
    refused(&cloud, "POST /thing-types/a.b", "", &nothing, 400, INVALID).await;

    assert_eq!(ask(&cloud, "POST /things/a", "", &typed).await.status, 200);
    refused(&cloud, "POST /things/a", "", &nothing, 409, EXISTS).await;
    ask(&cloud, "POST /things/b", "", &nothing).await;
    let thing = succeed(&cloud, "GET /things/a").await;
    assert_eq!(thing["thingTypeName"], "door");
    let listed = succeed(&cloud, "GET /things?thingTypeName=door").await;
    assert_eq!(listed["things"].as_array().unwrap().len(), 1);
    assert_eq!(listed["things"][0]["thingName"], "a");

    // A change of attributes leaves the type, and a change of the type leaves the attributes.
    let many: serde_json::Map<_, _> = (0..50).map(|n| (format!("k{n}"), json!("v"))).collect();
    let many = json!({"attributePayload": {"attributes": many}});
    assert_eq!(ask(&cloud, "PATCH /things/a", "", &many).await.status, 200);
    let more = json!({"attributePayload": {"attributes": {"more": "v"}, "merge": true}});
    refused(&cloud, "PATCH /things/a", "", &more, 400, INVALID).await;
    let both = json!({"thingTypeName": "door", "removeThingType": true});
    refused(&cloud, "PATCH /things/a", "", &both, 400, INVALID).await;
    assert_eq!(ask(&cloud, "PATCH /things/b", "", &typed).await.status, 200);
    let remove = json!({"removeThingType": true});
    refused(&cloud, "PATCH /things/a", "", &remove, 400, INVALID).await;
    assert_eq!(
        ask(&cloud, "PATCH /things/b", "", &remove).await.status,
        200
    );
    let thing = succeed(&cloud, "GET /things/b").await;
    assert_eq!(thing["thingTypeName"], Value::Null);
    let missing = json!({"thingTypeName": "window"});
    refused(&cloud, "PATCH /things/b", "", &missing, 404, NOT_FOUND).await;
    cloud.shutdown().await;
}

// AWS same(control-plane): CreateThingGroup again with the same properties succeeds, with others
//     ResourceAlreadyExistsException
// AWS same(control-plane): a thing joins and leaves groups, by name or ARN; both lists show it; a
//     deleted thing is in no group
#[tokio::test]
async fn a_thing_is_in_groups_until_it_leaves_or_is_deleted() {
    let cloud = cloud().await;
    let nothing = Value::Null;
    let add = "PUT /thing-groups/addThingToThingGroup";
    let remove = "PUT /thing-groups/removeThingFromThingGroup";
    let member = json!({"thingGroupName": "house", "thingName": "a"});
    refused(&cloud, add, "", &member, 404, NOT_FOUND).await;
    let made = ask(&cloud, "POST /thing-groups/house", "", &nothing).await;
    assert_eq!(made.status, 200, "{made:?}");
    let again = ask(&cloud, "POST /thing-groups/house", "", &nothing).await;
    assert_eq!(again.body, made.body);
    let other = json!({"thingGroupProperties": {"thingGroupDescription": "other"}});
    refused(&cloud, "POST /thing-groups/house", "", &other, 409, EXISTS).await;
    let described = succeed(&cloud, "GET /thing-groups/house").await;
    assert_eq!(described["thingGroupArn"], made.body["thingGroupArn"]);
    refused(&cloud, add, "", &member, 404, NOT_FOUND).await;
    refused(&cloud, add, "", &json!({"thingName": "a"}), 400, INVALID).await;

    ask(&cloud, "POST /things/a", "", &nothing).await;
    let by_arn = json!({"thingGroupArn": made.body["thingGroupArn"],
        "thingArn": "arn:aws:iot:us-east-1:123456789012:thing/a"});
    for body in [&member, &member, &by_arn] {
        assert_eq!(ask(&cloud, add, "", body).await.status, 200);
    }
    let groups = succeed(&cloud, "GET /things/a/thing-groups").await;
    let row = json!({"groupName": "house", "groupArn": made.body["thingGroupArn"]});
    assert_eq!(groups["thingGroups"], json!([row]));
    let things = "GET /thing-groups/house/things";
    assert_eq!(succeed(&cloud, things).await["things"], json!(["a"]));
    for _ in 0..2 {
        assert_eq!(ask(&cloud, remove, "", &member).await.status, 200);
        assert_eq!(succeed(&cloud, things).await["things"], json!([]));
    }
    ask(&cloud, add, "", &member).await;
    succeed(&cloud, "DELETE /things/a").await;
    assert_eq!(succeed(&cloud, things).await["things"], json!([]));
    ask(&cloud, "POST /things/a", "", &nothing).await;
    let groups = succeed(&cloud, "GET /things/a/thing-groups").await;
    assert_eq!(groups["thingGroups"], json!([]));
    cloud.shutdown().await;
}
