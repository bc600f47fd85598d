//! Puts our region, account and names of streams and shards into the answers of the database, which
//! has its own, and its name of a shard into requests.
//!
//! Must not know: who calls. Source: DynamoDB API reference, `DescribeTable` and the operations of
//! streams.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::CONTENT_LENGTH;
use axum::response::Response;
use serde_json::{Value, json};

use super::need::Tables;
use super::stream::{own_shard_id, shard_id};
use super::wire::{ANSWER_BYTES_MAX, internal_error};

/// The body of a request with the database's name of the shard; `None` if it names none of ours.
pub fn translate_request(operation: &str, body: &Value) -> Option<Bytes> {
    if operation != "GetShardIterator" {
        return None;
    }
    let table = body["StreamArn"].as_str()?.split('/').nth(1)?;
    if body["ShardId"] != shard_id(table) {
        return None;
    }
    let mut request = body.clone();
    request["ShardId"] = own_shard_id(table).into();
    Some(request.to_string().into())
}

/// Whether the answer of an operation has names of the database's own.
pub fn is_needed(operation: &str) -> bool {
    const OPERATIONS: [&str; 4] = [
        "DescribeTable",
        "DescribeStream",
        "ListStreams",
        "GetRecords",
    ];
    OPERATIONS.contains(&operation)
}

/// The answer with our names.
pub async fn translate(operation: &str, response: Response, tables: &Tables) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, ANSWER_BYTES_MAX).await else {
        return internal_error("the answer ended early");
    };
    let Ok(mut answer) = serde_json::from_slice::<Value>(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    match operation {
        "GetRecords" => {
            let records = answer["Records"].as_array_mut();
            for record in records.into_iter().flatten() {
                rename_record(record, tables);
            }
        }
        "DescribeTable" => rename(&mut answer["Table"], tables),
        "DescribeStream" => rename(&mut answer["StreamDescription"], tables),
        _ => {
            let streams = answer["Streams"].as_array_mut();
            let streams = streams.into_iter().flatten();
            streams.for_each(|stream| rename(stream, tables));
            if let Some(last) = answer["LastEvaluatedStreamArn"].as_str() {
                answer["LastEvaluatedStreamArn"] = tables.renamed(last).into();
            }
        }
    }
    // The body has another length now.
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.remove("x-amz-crc32");
    Response::from_parts(parts, Body::from(answer.to_string()))
}

fn rename(description: &mut Value, tables: &Tables) {
    let table = description["TableName"].as_str().map(str::to_owned);
    let table = table.unwrap_or_default();
    let stream = tables.streams.get(&table);
    for (key, value) in description.as_object_mut().into_iter().flatten() {
        match (key.as_str(), stream) {
            ("LatestStreamArn" | "StreamArn", Some(stream)) => *value = stream.as_str().into(),
            ("LatestStreamLabel" | "StreamLabel", Some(stream)) => {
                *value = stream.rsplit('/').next().into();
            }
            ("Shards", _) => {
                let shards = value.as_array_mut();
                let shards = shards.into_iter().flatten();
                shards.for_each(|shard| shard["ShardId"] = shard_id(&table).into());
            }
            ("TableArn", _) => {
                let renamed = value.as_str().map(|arn| tables.renamed(arn));
                *value = renamed.into();
            }
            _ => {}
        }
    }
}

/// A record of the API; its identity has other names there than in Lambda's events.
fn rename_record(record: &mut Value, tables: &Tables) {
    record["awsRegion"] = tables.prefix.split(':').nth(3).into();
    if let Some(identity) = record.get_mut("userIdentity") {
        let (kind, principal) = (identity["type"].take(), identity["principalId"].take());
        *identity = json!({"Type": kind, "PrincipalId": principal});
    }
}
