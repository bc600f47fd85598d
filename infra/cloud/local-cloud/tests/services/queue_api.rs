//! SQS's API: an operator's view of a queue.

use local_cloud::LocalCloud;
use serde_json::{Value, json};

use crate::queue::{EMPTY, queues};
use crate::world::{Answer, cloud, rest, rest_as, rest_of_function};

/// A call of SQS by the operator.
async fn sqs(cloud: &LocalCloud, operation: &str, body: Value) -> Answer {
    let headers = format!(
        "X-Amz-Target: AmazonSQS.{operation}\r\nContent-Type: application/x-amz-json-1.0\r\n"
    );
    let endpoint = &cloud.endpoints().iot;
    rest(cloud, endpoint, "POST /", &headers, body.to_string()).await
}

// AWS same(queue): SendMessage, ReceiveMessage, DeleteMessage, GetQueueAttributes, GetQueueUrl and
//     ListQueues by SQS's JSON protocol, for the operator
// AWS absent(queue): SQS's other operations, and calls by functions; refused with
//     UnsupportedOperation and AccessDeniedException
#[tokio::test]
async fn an_operator_inspects_a_queue_by_its_api() {
    let cloud = LocalCloud::start(queues()).await.unwrap();
    let url = sqs(&cloud, "GetQueueUrl", json!({"QueueName": "poison"})).await;
    let url = url.body["QueueUrl"].clone();
    let sent = json!({"QueueUrl": url, "MessageBody": "kept"});
    let sent = sqs(&cloud, "SendMessage", sent).await;
    assert_eq!(sent.status, 200, "{sent:?}");
    let of_queue = json!({"QueueUrl": url});
    let received = sqs(&cloud, "ReceiveMessage", of_queue.clone()).await;
    let message = &received.body["Messages"][0];
    assert_eq!(message["Body"], "kept");
    assert_eq!(message["MessageId"], sent.body["MessageId"]);
    assert_eq!(message["MD5OfBody"], sent.body["MD5OfMessageBody"]);
    assert_eq!(message["Attributes"]["ApproximateReceiveCount"], "1");
    let hidden = json!({"QueueUrl": url, "WaitTimeSeconds": 1, "VisibilityTimeout": 600});
    let hidden = sqs(&cloud, "ReceiveMessage", hidden).await;
    // It is hidden for 30 s, which pass a hundred times as fast; then a waiting receiver gets it.
    assert_eq!(hidden.body["Messages"][0]["Body"], "kept", "{hidden:?}");
    let attributes = sqs(&cloud, "GetQueueAttributes", of_queue).await;
    let attributes = &attributes.body["Attributes"];
    assert_eq!(attributes["ApproximateNumberOfMessagesNotVisible"], "1");
    assert_eq!(attributes["MessageRetentionPeriod"], "1209600");
    let receipt = &hidden.body["Messages"][0]["ReceiptHandle"];
    let delete = json!({"QueueUrl": url, "ReceiptHandle": receipt});
    assert_eq!(sqs(&cloud, "DeleteMessage", delete).await.status, 200);
    assert_eq!(cloud.queue_depth("poison"), Some(EMPTY));
    let queues = sqs(&cloud, "ListQueues", json!({"QueueNamePrefix": "po"})).await;
    assert_eq!(queues.body["QueueUrls"], json!([url]));
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_call_that_is_not_sqs_is_refused_in_its_words() {
    let cloud = LocalCloud::start(queues()).await.unwrap();
    let url = |name: &str| format!("https://sqs.us-east-1.amazonaws.com/123456789012/{name}");
    for (operation, body, kind) in [
        (
            "PurgeQueue",
            json!({"QueueUrl": url("work")}),
            "UnsupportedOperation",
        ),
        (
            "SendMessage",
            json!({"QueueUrl": url("no"), "MessageBody": "x"}),
            "QueueDoesNotExist",
        ),
        (
            "SendMessage",
            json!({"QueueUrl": url("work")}),
            "MissingParameter",
        ),
        (
            "SendMessage",
            json!({"QueueUrl": url("work"), "MessageBody": "x", "DelaySeconds": 1}),
            "InvalidParameterValue",
        ),
        (
            "SendMessage",
            json!({"QueueUrl": url("work"), "MessageBody": "a\u{0}"}),
            "InvalidParameterValue",
        ),
        (
            "ReceiveMessage",
            json!({"QueueUrl": url("work"), "MaxNumberOfMessages": 11}),
            "InvalidParameterValue",
        ),
    ] {
        let answer = sqs(&cloud, operation, body.clone()).await;
        assert_eq!(answer.status, 400, "{operation} {body}: {answer:?}");
        let expected = format!("com.amazonaws.sqs#{kind}");
        assert_eq!(answer.body["__type"], expected, "{operation} {body}");
    }
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_function_without_the_right_and_an_unsigned_caller_are_refused_by_sqs() {
    let cloud = cloud().await;
    let headers = "X-Amz-Target: AmazonSQS.ListQueues\r\n";
    let endpoint = &cloud.endpoints().iot;
    let answer = rest_of_function(&cloud, endpoint, "POST /", headers, "{}").await;
    assert_eq!(answer.status, 400, "{answer:?}");
    let kind = answer.body["__type"].as_str().unwrap_or_default();
    assert!(kind.ends_with("#AccessDeniedException"), "{answer:?}");
    let unsigned = rest_as(endpoint, "POST /", headers, "{}").await;
    assert_eq!(unsigned.status, 400, "{unsigned:?}");
    let kind = unsigned.body["__type"].as_str().unwrap_or_default();
    assert!(
        kind.ends_with("#MissingAuthenticationTokenException"),
        "{kind}"
    );
    cloud.shutdown().await;
}
