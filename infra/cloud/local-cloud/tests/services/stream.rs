//! Delivery from the stream of a table to its function.

use local_cloud::metric::Key;
use local_cloud::{EventKind, LocalCloud};
use serde_json::{Value, json};

use crate::follow::{OFF, SETTING, Stack, dynamodb, given, given_ids, ids, put, until_position};
use crate::world::{event, rest_as, signed};

const STREAM: &str =
    "arn:aws:dynamodb:us-east-1:123456789012:table/items/stream/2020-01-01T00:00:00.000";

fn number(record: &Value) -> &str {
    record["dynamodb"]["SequenceNumber"].as_str().unwrap()
}

// AWS same(stream): a function's DynamoDB event, or an event source mapping, invokes it with the
//     changes of a table, in their order
// AWS same(stream): a record has eventID, eventName, eventVersion, eventSource, eventSourceARN,
//     awsRegion and dynamodb with Keys, NewImage, OldImage, SequenceNumber, SizeBytes,
//     StreamViewType and ApproximateCreationDateTime in seconds
// AWS different(stream): SizeBytes is the size of DynamoDB's own form; here it is that of JSON. A
//     stream has several shards that end after hours; here it has one that never ends
#[tokio::test]
async fn a_function_gets_the_changes_of_a_table_in_order() {
    let (cloud, mut events) = Stack::new(&[]).start().await;
    put(&cloud, "a", "first").await;
    put(&cloud, "a", "second").await;
    let key = json!({"TableName": "items", "Key": {"id": {"S": "a"}}});
    assert_eq!(dynamodb(&cloud, "DeleteItem", key).await.status, 200);
    let mut records = Vec::new();
    while records.len() < 3 {
        records.extend(given(&mut events).await);
    }
    let names: Vec<&Value> = records.iter().map(|r| &r["eventName"]).collect();
    assert_eq!(names, ["INSERT", "MODIFY", "REMOVE"]);
    let record = &records[1];
    let item = |act: &str| json!({"id": {"S": "a"}, "do": {"S": act}});
    let id = record["eventID"].as_str().unwrap();
    let second = &record["dynamodb"]["ApproximateCreationDateTime"];
    assert!(second.is_u64() && id.len() == 32, "{record}");
    assert!(number(record) > number(&records[0]) && number(record).len() == 21);
    assert_eq!(
        *record,
        json!({
            "eventID": id,
            "eventName": "MODIFY",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "us-east-1",
            "dynamodb": {
                "ApproximateCreationDateTime": second,
                "Keys": {"id": {"S": "a"}},
                "OldImage": item("first"),
                "NewImage": item("second"),
                "SequenceNumber": number(record),
                "SizeBytes": record["dynamodb"]["SizeBytes"],
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
            "eventSourceARN": STREAM,
        })
    );
    assert_eq!(records[2]["dynamodb"].get("NewImage"), None);
    cloud.shutdown().await;
}

// AWS same(stream): the metric IteratorAge: the age of the last record of a batch, milliseconds,
//     for each invocation
#[tokio::test]
async fn the_age_of_the_last_record_is_a_metric() {
    let (cloud, mut events) = Stack::new(&[]).start().await;
    put(&cloud, "a", "").await;
    given(&mut events).await;
    let dimensions = [("FunctionName", "stack-FollowFunction")];
    let points = cloud
        .metrics()
        .points(&Key::new("AWS/Lambda", "IteratorAge", &dimensions));
    assert!(
        points.len() == 1 && points[0].value < 60_000.0,
        "{points:?}"
    );
    cloud.shutdown().await;
}

// AWS same(stream): records are gathered until there are BatchSize of them, or until
//     MaximumBatchingWindowInSeconds are over
#[tokio::test]
async fn a_batch_is_full_or_its_window_is_over() {
    let items = [("1", ""), ("2", ""), ("3", ""), ("4", ""), ("5", "")];
    let stack = Stack::new(&[]);
    let small = "            BatchSize: 2\n";
    let (cloud, mut events) = stack.with_items(&items, small).await;
    for expected in [vec!["1", "2"], vec!["3", "4"], vec!["5"]] {
        assert_eq!(given_ids(&mut events).await, expected);
    }
    stack.edit(&[(SETTING, OFF)]);
    cloud.reload(&Default::default()).await.unwrap();
    for id in ["6", "7", "8", "9"] {
        put(&cloud, id, "").await;
    }
    // 300 s are 3 s here.
    let slow = "            BatchSize: 3\n            MaximumBatchingWindowInSeconds: 300\n";
    stack.edit(&[(SETTING, slow)]);
    cloud.reload(&Default::default()).await.unwrap();
    for expected in [vec!["6", "7", "8"], vec!["9"]] {
        assert_eq!(given_ids(&mut events).await, expected);
    }
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_long_batch_is_read_in_several_pages() {
    let stack = Stack::new(&[(SETTING, OFF)]);
    let (cloud, mut events) = stack.start().await;
    for page in 0..60 {
        let puts = (0..25).map(|item| {
            let id = format!("{:04}", page * 25 + item);
            json!({"PutRequest": {"Item": {"id": {"S": id}}}})
        });
        let body = json!({"RequestItems": {"items": puts.collect::<Vec<_>>()}});
        assert_eq!(dynamodb(&cloud, "BatchWriteItem", body).await.status, 200);
    }
    stack.edit(&[(SETTING, "            BatchSize: 1400\n")]);
    cloud.reload(&Default::default()).await.unwrap();
    let (first, rest) = (given_ids(&mut events).await, given_ids(&mut events).await);
    assert_eq!((first.len(), rest.len()), (1400, 100));
    let expected: Vec<String> = (0..1500).map(|id| format!("{id:04}")).collect();
    assert_eq!([first, rest].concat(), expected);
    cloud.shutdown().await;
}

#[tokio::test]
async fn records_that_no_filter_accepts_are_skipped() {
    let filters = "            BatchSize: 10
            FilterCriteria:
              Filters:
                - Pattern: '{\"dynamodb\":{\"Keys\":{\"id\":{\"S\":[{\"prefix\":\"event#\"}]}}}}'
                - Pattern: '{\"eventName\":[\"REMOVE\"]}'
";
    let stack = Stack::kept(&[]);
    let items = [("a", ""), ("event#1", ""), ("b", ""), ("event#2", "")];
    let (cloud, mut events) = stack.with_items(&items, filters).await;
    assert_eq!(given_ids(&mut events).await, ["event#1", "event#2"]);
    put(&cloud, "c", "").await;
    let key = json!({"TableName": "items", "Key": {"id": {"S": "a"}}});
    assert_eq!(dynamodb(&cloud, "DeleteItem", key).await.status, 200);
    let removed = given(&mut events).await;
    assert_eq!(ids(&removed), ["a"]);
    until_position(&stack.path("data"), number(&removed[0])).await;
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_filter_that_is_not_understood_is_refused() {
    let filter = "            BatchSize: 10\n            FilterCriteria: {Filters: [{Pattern: \
                  '{\"a\":[{\"wildcard\":\"*\"}]}'}]}\n";
    let stack = Stack::new(&[(SETTING, filter)]);
    let Err(error) = LocalCloud::start(stack.options.clone()).await else {
        panic!("started with a filter that is not understood");
    };
    let text = local_cloud::narrate::chain(&error);
    let expected = "template.yaml:6:3: FollowFunctionChanges: read filter 1 of event source \
                    FollowFunctionChanges: a.wildcard: is not supported";
    assert!(text.contains(expected), "{text}");
    // A reload changes nothing.
    stack.edit(&[]);
    let (cloud, mut events) = stack.start().await;
    stack.edit(&[(SETTING, filter)]);
    let error = cloud.reload(&Default::default()).await.unwrap_err();
    assert!(local_cloud::narrate::chain(&error).contains(expected));
    put(&cloud, "a", "").await;
    assert_eq!(given_ids(&mut events).await, ["a"]);
    cloud.shutdown().await;
}

// AWS same(stream): StartingPosition TRIM_HORIZON and LATEST
#[tokio::test]
async fn reading_starts_with_the_oldest_or_the_next_record() {
    let stack = Stack::new(&[(SETTING, OFF)]);
    let (cloud, mut events) = stack.start().await;
    put(&cloud, "a", "").await;
    stack.edit(&[("TRIM_HORIZON", "LATEST")]);
    cloud.reload(&Default::default()).await.unwrap();
    put(&cloud, "b", "").await;
    assert_eq!(given_ids(&mut events).await, ["b"]);
    // A mapping with another start is another mapping.
    stack.edit(&[]);
    cloud.reload(&Default::default()).await.unwrap();
    assert_eq!(given_ids(&mut events).await, ["a", "b"]);
    cloud.shutdown().await;
}

// AWS same(stream): a mapping goes on where its last batch ended; an unfinished batch is repeated
// AWS different(stream): a record is kept for 24 hours; here it is kept as long as the table
#[tokio::test]
async fn reading_goes_on_after_a_restart_where_it_ended() {
    for start in ["TRIM_HORIZON", "LATEST"] {
        let stack = Stack::kept(&[("TRIM_HORIZON", start)]);
        let (cloud, mut events) = stack.start().await;
        put(&cloud, "a", "").await;
        let records = given(&mut events).await;
        assert_eq!(ids(&records), ["a"], "{start}");
        until_position(&stack.path("data"), number(&records[0])).await;
        put(&cloud, "b", "raise").await;
        assert_eq!(given_ids(&mut events).await, ["b"], "{start}");
        cloud.shutdown().await;
        // It is retried without end, so that one of its attempts is seen.
        let (cloud, mut events) = stack.start().await;
        assert_eq!(given_ids(&mut events).await, ["b"], "{start}");
        cloud.shutdown().await;
    }
}

// AWS same(stream): an item that expires is a REMOVE with userIdentity dynamodb.amazonaws.com
#[tokio::test]
async fn the_record_of_an_expired_item_names_the_service() {
    let stack = Stack::kept(&[]);
    let (cloud, mut events) = stack.start().await;
    let item = json!({"id": {"S": "old"}, "end": {"N": "1600000000"}});
    let body = json!({"TableName": "items", "Item": item});
    assert_eq!(dynamodb(&cloud, "PutItem", body).await.status, 200);
    let mut records = given(&mut events).await;
    if records.len() == 1 {
        let (data, number) = (stack.path("data"), number(&records[0]).to_owned());
        tokio::select! {
            () = until_position(&data, &number) => {}
            // On a busy machine, the removal at this start comes only now.
            removed = given(&mut events) => records.extend(removed),
        }
    }
    cloud.shutdown().await;
    if records.len() == 1 {
        // Expired items are removed at the start.
        let (cloud, mut events) = stack.start().await;
        records.extend(given(&mut events).await);
        cloud.shutdown().await;
    }
    assert_eq!(records[1]["eventName"], "REMOVE");
    assert_eq!(
        records[1]["userIdentity"],
        json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"})
    );
}

// AWS same(stream): a changed mapping goes on at its position, and after the invocation that runs
#[tokio::test]
async fn a_reload_neither_loses_nor_repeats_a_record() {
    let stack = Stack::new(&[]);
    let (cloud, mut events) = stack.start().await;
    let flag = stack.path("flag");
    put(&cloud, "a", &format!("wait for {}", flag.display())).await;
    assert_eq!(given_ids(&mut events).await, ["a"]);
    stack.edit(&[(SETTING, "            BatchSize: 7\n")]);
    let changed = cloud.reload(&Default::default()).await.unwrap();
    assert_eq!(changed, ["FollowFunctionChanges"]);
    put(&cloud, "b", "").await;
    std::fs::write(&flag, "").unwrap();
    assert_eq!(given_ids(&mut events).await, ["b"]);
    // Nothing has changed for the source.
    stack.edit(&[
        (SETTING, "            BatchSize: 7\n"),
        ("Description: A table", "Description: One table"),
    ]);
    let changed = cloud.reload(&Default::default()).await.unwrap();
    assert_eq!(changed, Vec::<String>::new());
    put(&cloud, "c", "").await;
    assert_eq!(given_ids(&mut events).await, ["c"]);
    cloud.shutdown().await;
}

// AWS same(stream): a mapping is refused if the function's role may not describe, list and read
//     the stream, or send to the destination; SAM adds these rights for a DynamoDB event to a role
//     it creates
#[tokio::test]
async fn a_source_whose_function_may_not_read_its_stream_is_refused() {
    const ALL: [(&str, &str); 5] = [
        ("dynamodb:DescribeStream", "Items.StreamArn"),
        ("dynamodb:GetRecords", "Items.StreamArn"),
        ("dynamodb:GetShardIterator", "Items.StreamArn"),
        ("dynamodb:ListStreams", "Items.StreamArn"),
        ("sqs:SendMessage", "Lost.Arn"),
    ];
    let text = std::fs::read_to_string(crate::world::here("stream.yaml")).unwrap();
    let start = text.find("      Events:\n").unwrap();
    let end = text.find("\n  Items:").unwrap();
    for missing in ALL.iter().map(Some).chain([None]) {
        let mut rights = "      Policies:\n        - Statement:\n".to_owned();
        for right in ALL.iter().filter(|right| Some(*right) != missing) {
            let (action, resource) = right;
            rights += &format!(
                "            - {{Effect: Allow, Action: '{action}', \
                 Resource: !GetAtt {resource}}}\n"
            );
        }
        rights += "
  Changes:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt Items.StreamArn
      FunctionName: !Ref FollowFunction
      StartingPosition: TRIM_HORIZON
      DestinationConfig: {OnFailure: {Destination: !GetAtt Lost.Arn}}
";
        let stack = Stack::new(&[(&text[start..end], &rights)]);
        match (LocalCloud::start(stack.options.clone()).await, missing) {
            (Ok(cloud), None) => {
                let mut events = cloud.subscribe();
                put(&cloud, "a", "").await;
                assert_eq!(given_ids(&mut events).await, ["a"]);
                cloud.shutdown().await;
            }
            (Err(error), Some((action, resource))) => {
                let resource = match *resource {
                    "Lost.Arn" => "arn:aws:sqs:us-east-1:123456789012:lost",
                    _ => STREAM,
                };
                let expected = format!(
                    "template.yaml:6:3: FollowFunction: function FollowFunction: its execution \
                     role may not call {action} on {resource}"
                );
                let error = local_cloud::narrate::chain(&error);
                assert!(error.contains(&expected), "{error}");
            }
            (Ok(_), Some((action, _))) => panic!("started without {action}"),
            (Err(error), None) => panic!("{error}"),
        }
    }
}

// AWS same(stream): DescribeStream, GetShardIterator, GetRecords and ListStreams, and the stream in
//     DescribeTable, for the operator and for functions that have the right
#[tokio::test]
async fn a_client_reads_a_stream_by_its_api() {
    let (cloud, mut events) = Stack::new(&[]).start().await;
    put(&cloud, "a", "").await;
    given(&mut events).await;
    let streams = dynamodb(&cloud, "ListStreams", json!({})).await;
    let label = "2020-01-01T00:00:00.000";
    let listed = json!([{"StreamArn": STREAM, "TableName": "items", "StreamLabel": label}]);
    assert_eq!(streams.body["Streams"], listed, "{streams:?}");
    let table = dynamodb(&cloud, "DescribeTable", json!({"TableName": "items"})).await;
    let table = &table.body["Table"];
    assert_eq!(table["LatestStreamArn"], STREAM);
    assert_eq!(table["LatestStreamLabel"], label);
    assert_eq!(table["TableArn"], STREAM.split("/stream").next().unwrap());
    let of_stream = json!({"StreamArn": STREAM});
    let stream = dynamodb(&cloud, "DescribeStream", of_stream.clone()).await;
    let stream = &stream.body["StreamDescription"];
    assert_eq!(stream["StreamLabel"], label);
    let iterator = json!({
        "StreamArn": STREAM, "ShardId": stream["Shards"][0]["ShardId"],
        "ShardIteratorType": "TRIM_HORIZON",
    });
    let iterator = dynamodb(&cloud, "GetShardIterator", iterator).await;
    let records = json!({"ShardIterator": iterator.body["ShardIterator"]});
    let records = dynamodb(&cloud, "GetRecords", records).await;
    let record = &records.body["Records"][0];
    assert_eq!(record["dynamodb"]["Keys"], json!({"id": {"S": "a"}}));
    assert_eq!(record["awsRegion"], "us-east-1");

    // SAM gave the function these rights, and no other on the table.
    let function = cloud.credentials_of("follow").unwrap();
    let keys = (
        function.access_key_id.as_str(),
        function.secret_access_key.as_str(),
        function.session_token.as_str(),
    );
    let endpoint = &cloud.endpoints().dynamodb;
    for (target, body, status) in [
        ("DynamoDBStreams_20120810.DescribeStream", of_stream, 200),
        (
            "DynamoDB_20120810.DescribeTable",
            json!({"TableName": "items"}),
            400,
        ),
    ] {
        let headers =
            format!("X-Amz-Target: {target}\r\nContent-Type: application/x-amz-json-1.0\r\n");
        let body = body.to_string();
        let headers = signed(&cloud, keys, endpoint, "POST /", &headers, &body);
        let answer = rest_as(endpoint, "POST /", &headers, &body).await;
        assert_eq!(answer.status, status, "{target}: {answer:?}");
    }
    event(&mut events, "a denial", |kind| match kind {
        EventKind::Denied { action, .. } => Some(action.clone()),
        _ => None,
    })
    .await;
    cloud.shutdown().await;
}
