//! Compares answers from this process with those of the database's server, in the same state.

use std::collections::BTreeMap;

use axum::body::to_bytes;
use axum::extract;
use axum::http::HeaderMap;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::super::start;
use super::super::wire::ANSWER_BYTES_MAX;
use super::*;
use sam_template::{Index, KeyType, Projection, Stream, StreamView, Table};

/// Where a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// In this process.
    Process,
    /// By the database's server.
    Server,
}

fn table() -> Table {
    let name = |name: &str| (name.to_owned(), KeyType::S);
    Table {
        logical_id: "Table".to_owned(),
        name: "tab".to_owned(),
        hash: name("pk"),
        range: Some(name("sk")),
        attributes: BTreeMap::from([name("pk"), name("sk"), name("group")]),
        indexes: vec![Index {
            name: "by-group".to_owned(),
            hash: name("group"),
            range: Some(name("sk")),
            projection: Projection::All,
        }],
        ttl_attribute: None,
        deletion_protection: false,
        stream: Some(Stream {
            arn: String::new(),
            view: StreamView::NewImage,
        }),
    }
}

async fn request(operation: &str, body: &str) -> Request {
    let authorization = "AWS4-HMAC-SHA256 Credential=a/20260101/r/dynamodb/aws4_request, \
         SignedHeaders=host, Signature=0";
    let request = extract::Request::post("/")
        .header("host", "localhost")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("x-amz-date", "20260101T000000Z")
        .header("authorization", authorization)
        .body(Body::from(body.to_owned()));
    Request::read(request.unwrap()).await.unwrap()
}

/// What a client sees: status, headers and body.
async fn seen(response: Response) -> (u16, HeaderMap, String) {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, ANSWER_BYTES_MAX).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let checksum = crc32fast::hash(body.as_bytes()).to_string();
    assert_eq!(parts.headers["x-amz-crc32"], checksum.as_str(), "{body}");
    (parts.status.as_u16(), parts.headers, body)
}

/// Whether the bodies are the same, but for the order of an item's attributes, which the database
/// does not keep. An error without an item is compared byte for byte.
fn are_same(one: &str, other: &str) -> bool {
    let (parsed, expected): (Value, Value) = (
        serde_json::from_str(one).unwrap(),
        serde_json::from_str(other).unwrap(),
    );
    let has_item = one.contains(r#"{"S":"#);
    parsed == expected && one.len() == other.len() && (one == other || has_item)
}

const KEY: &str = r#""TableName":"tab","Key":{"pk":{"S":"a"},"sk":{"S":"1"}}"#;

/// Requests in their order: each has the effects of those before it.
fn rows() -> Vec<(By, &'static str, String)> {
    let ordinary = json!({
        "pk": {"S": "a"}, "sk": {"S": "1"}, "group": {"S": "g"}, "n": {"N": "1.50"},
        "b": {"B": "YWJj"}, "t": {"BOOL": true}, "nil": {"NULL": true},
        "ss": {"SS": ["z", "a"]}, "ns": {"NS": ["10", "9"]}, "bs": {"BS": ["YQ=="]},
        "l": {"L": [{"N": "-2"}, {"M": {"x": {"S": "ü\""}}}]},
    });
    let put = |more: &str| format!(r#"{{"TableName":"tab","Item":{ordinary}{more}}}"#);
    let keyed = |more: &str| format!("{{{KEY}{more}}}");
    let is_new = r#","ConditionExpression":"attribute_not_exists(pk)""#;
    let old = r#","ReturnValuesOnConditionCheckFailure":"ALL_OLD""#;
    let set =
        r#","UpdateExpression":"SET n = n + :one","ExpressionAttributeValues":{":one":{"N":"1"}}"#;
    let transact = |items: &str| format!(r#"{{"TransactItems":[{items}]}}"#);
    let tokened = |items: &str, token: &str| {
        format!(r#"{{"TransactItems":[{items}],"ClientRequestToken":"{token}"}}"#)
    };
    let put_new = |pk: &str| {
        let item = format!(r#"{{"pk":{{"S":"{pk}"}},"sk":{{"S":"1"}}}}"#);
        format!(r#"{{"Put":{{"TableName":"tab","Item":{item}{is_new}}}}}"#)
    };
    let check = format!(r#"{{"ConditionCheck":{{{KEY}{is_new}{old}}}}}"#);
    let update = format!(r#"{{"Update":{{{KEY}{set}}}}}"#);
    let delete = r#"{"Delete":{"TableName":"tab","Key":{"pk":{"S":"b"},"sk":{"S":"1"}}}}"#;
    let by_key = r#"{"TableName":"tab","KeyConditionExpression":"pk = :p",
        "ExpressionAttributeValues":{":p":{"S":"a"}}"#;
    let consumed = r#","ReturnConsumedCapacity":"INDEXES""#;
    let row = |by, operation, body: &str| (by, operation, body.to_owned());
    let process = |operation, body: &str| row(By::Process, operation, body);
    let server = |operation, body: &str| row(By::Server, operation, body);
    vec![
        process("GetItem", &keyed("")),
        process("PutItem", &put(is_new)),
        process("PutItem", &put(is_new)),
        process("PutItem", &put(&format!("{is_new}{old}"))),
        process("PutItem", &put(r#","ReturnValues":"ALL_OLD""#)),
        process("GetItem", &keyed(consumed)),
        process(
            "GetItem",
            &keyed(r##","ProjectionExpression":"#n","ExpressionAttributeNames":{"#n":"n"}"##),
        ),
        process(
            "UpdateItem",
            &keyed(&format!(r#"{set},"ReturnValues":"UPDATED_NEW""#)),
        ),
        process("UpdateItem", &keyed(&format!("{set}{is_new}{old}"))),
        process("Query", &format!("{by_key}{consumed}}}")),
        process(
            "Query",
            &format!(r#"{by_key},"Limit":1,"ScanIndexForward":false,"Select":"COUNT"}}"#),
        ),
        process(
            "Scan",
            r#"{"TableName":"tab","IndexName":"by-group","Segment":0,"TotalSegments":1}"#,
        ),
        process(
            "TransactWriteItems",
            &transact(&format!("{delete},{check}")),
        ),
        process(
            "TransactWriteItems",
            &transact(&format!("{update},{delete}")),
        ),
        process("TransactWriteItems", &tokened(&put_new("f"), "t-1")),
        // A repetition, and another transaction with its token.
        process("TransactWriteItems", &tokened(&put_new("f"), "t-1")),
        process("TransactWriteItems", &tokened(&put_new("g"), "t-1")),
        server("TransactWriteItems", &tokened(&put_new("g"), "")),
        server(
            "TransactWriteItems",
            &tokened(&put_new("g"), &"t".repeat(37)),
        ),
        process(
            "TransactGetItems",
            &transact(&format!(r#"{{"Get":{{{KEY}}}}}"#)),
        ),
        process(
            "BatchWriteItem",
            r#"{"RequestItems":{"tab":[{"PutRequest":{"Item":{"pk":{"S":"c"},"sk":{"S":"1"}}}}]}}"#,
        ),
        process(
            "BatchGetItem",
            r#"{"RequestItems":{"tab":{"ConsistentRead":true,
                "Keys":[{"pk":{"S":"c"},"sk":{"S":"1"}}]}}}"#,
        ),
        process("DeleteItem", &keyed(r#","ReturnValues":"ALL_OLD""#)),
        process(
            "DeleteItem",
            &keyed(r#","ConditionExpression":"attribute_exists(pk)""#),
        ),
        // Refusals of plain requests.
        server("GetItem", r#"{"TableName":"other","Key":{"pk":{"S":"a"}}}"#),
        server("GetItem", r#"{"TableName":"tab","Key":{"pk":{"S":"a"}}}"#),
        server("GetItem", r#"{"TableName":"tab"}"#),
        server(
            "PutItem",
            r#"{"TableName":"tab","Item":{"pk":{"N":"1"},"sk":{"S":"1"}}}"#,
        ),
        server(
            "PutItem",
            r#"{"TableName":"tab","Item":{"pk":{"S":""},"sk":{"S":"1"}}}"#,
        ),
        server("PutItem", &put(r#","ConditionExpression":"nonsense(""#)),
        server("PutItem", &put(r#","ReturnValues":"SOME""#)),
        server("UpdateItem", &keyed(set)),
        server("Query", r#"{"TableName":"tab"}"#),
        server("Query", &format!(r#"{by_key},"IndexName":"none"}}"#)),
        server("TransactWriteItems", &transact("")),
        server(
            "TransactWriteItems",
            &transact(&format!("{update},{update}")),
        ),
        server("TransactWriteItems", &transact(&update)),
        server("BatchWriteItem", r#"{"RequestItems":{}}"#),
        // Requests that are not plain.
        server(
            "PutItem",
            r#"{"TableName":"tab","Item":{"pk":{"S":"d"},"sk":{"S":"1"},"n":{"N":"1e3"}}}"#,
        ),
        server(
            "PutItem",
            r#"{"TableName":"tab","Item":{"pk":{"S":"d"},"sk":{"S":"1"},"n":{"N":"x"}}}"#,
        ),
        server(
            "PutItem",
            r#"{"TableName":"tab","Item":{"pk":{"S":"d"},"sk":{"S":"1"},"n":{}}}"#,
        ),
        server(
            "PutItem",
            r#"{"TableName":"tab","Item":{"pk":{"S":"d","N":"1"},"sk":{"S":"1"}}}"#,
        ),
        server(
            "PutItem",
            r#"{"TableName":"tab","Item":{"pk":{"S":"d"},"sk":{"S":"1"},"n":{"NULL":false}}}"#,
        ),
        server("PutItem", r#"{"TableName":"tab","Item":[1]}"#),
        server("GetItem", &keyed(r#","ConsistentRead":"maybe""#)),
        server("GetItem", &keyed(r#","AttributesToGet":["n"]"#)),
        server("GetItem", r#"{"TableName":5,"Key":{"pk":{"S":"a"}}}"#),
        server("Scan", r#"{"TableName":"tab","Limit":0.5}"#),
        server("GetItem", "{"),
        server("GetItem", ""),
        server("GetItem", "[]"),
        server("Unknown", "{}"),
        server("ListTables", "{}"),
    ]
}

#[tokio::test]
async fn an_answer_in_process_is_that_of_the_databases_server() {
    let (_stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let tables = [table()];
    let ours = start(&tables, None, stopped.clone(), &mut tasks)
        .await
        .unwrap();
    let other = start(&tables, None, stopped, &mut tasks).await.unwrap();
    for (by, operation, body) in rows() {
        let request = request(operation, &body).await;
        let text = format!("{operation} {body}");
        let (status, headers, answer) = match ours.execute(&request).await.unwrap() {
            Some(response) => {
                assert_eq!(by, By::Process, "{text}");
                seen(response).await
            }
            None => {
                assert_eq!(by, By::Server, "{text}");
                seen(ours.ask(&request).await).await
            }
        };
        let expected = seen(other.ask_server(&request).await).await;
        assert_eq!(status, expected.0, "{text}\n{answer}\n{}", expected.2);
        assert!(
            are_same(&answer, &expected.2),
            "{text}\n{answer}\n{}",
            expected.2
        );
        assert_eq!(
            headers["content-type"], expected.1["content-type"],
            "{text}"
        );
        for id in [&headers, &expected.1].map(|headers| &headers["x-amzn-requestid"]) {
            let id = id.to_str().unwrap();
            let is_id = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase();
            assert!(id.len() == 52 && id.chars().all(is_id), "{id}");
        }
    }
}
