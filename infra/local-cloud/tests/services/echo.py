#!/usr/bin/env python3
"""A function without any library: reads an item, writes it, publishes an answer, over and over."""
import json
import os
import urllib.request

RUNTIME = "http://%s/2018-06-01/runtime/invocation" % os.environ["AWS_LAMBDA_RUNTIME_API"]
SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=%s/20260101/%s/any/aws4_request, SignedHeaders=host, Signature=0"
    % (os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_REGION"]),
}


def call(url, body=None, headers=None):
    request = urllib.request.Request(url, data=body, headers=headers or {})
    with urllib.request.urlopen(request) as response:
        return response.headers, response.read()


def table(operation, body):
    headers = {
        "X-Amz-Target": "DynamoDB_20120810." + operation,
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Date": "20260101T000000Z",
    }
    body["TableName"] = os.environ["TABLE_NAME"]
    return call(os.environ["AWS_ENDPOINT_URL_DYNAMODB"], json.dumps(body).encode(), headers | SIGNED)


while True:
    headers, event = call(RUNTIME + "/next")
    request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    event = json.loads(event)
    key = {"pk": {"S": event["asker"]}}
    table("GetItem", {"Key": key})
    table("PutItem", {"Item": key | {"question": {"S": event["question"]}}})
    answer = json.dumps({"answer": event["question"][::-1], "event": event}).encode()
    url = os.environ["AWS_ENDPOINT_URL_IOT_DATA_PLANE"] + "/topics/answer%2F" + event["asker"] + "?qos=1"
    call(url, answer, SIGNED)
    call(RUNTIME + "/" + request_id + "/response", b"{}")
