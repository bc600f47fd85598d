//! The event about the items that a call wrote.

use std::collections::BTreeMap;

use local_cloud::EventKind;
use serde_json::json;

use crate::follow::{Stack, dynamodb, put};
use crate::world::event;

// AWS different(dynamodb): a table says nothing about a write unless it has a stream; here the
//     cloud's own stream of events says which items a call wrote, by their primary keys
#[tokio::test]
async fn a_write_is_an_event_with_the_keys_of_its_items_and_a_refused_one_is_none() {
    let (cloud, mut events) = Stack::new(&[]).start().await;
    put(&cloud, "a", "first").await;
    let key = json!({"TableName": "items", "Key": {"id": {"S": "a"}}});
    assert_eq!(dynamodb(&cloud, "GetItem", key).await.status, 200);
    let condition = json!({
        "TableName": "items",
        "Key": {"id": {"S": "refused"}},
        "ConditionExpression": "attribute_exists(id)",
    });
    assert_eq!(dynamodb(&cloud, "DeleteItem", condition).await.status, 400);
    let items = ["b", "c"].map(|id| {
        json!({"Put": {"TableName": "items", "Item": {"id": {"S": id}, "do": {"S": "second"}}}})
    });
    let transaction = json!({ "TransactItems": items });
    let answer = dynamodb(&cloud, "TransactWriteItems", transaction).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    for expected in [&["a"][..], &["b", "c"]] {
        let keys = event(&mut events, "a write", |kind| match kind {
            EventKind::Written { table, keys } if table == "items" => Some(keys.clone()),
            _ => None,
        });
        let of = |id: &&str| BTreeMap::from([("id".to_owned(), (*id).to_owned())]);
        let expected: Vec<_> = expected.iter().map(of).collect();
        assert_eq!(keys.await, expected);
    }
    cloud.shutdown().await;
}
