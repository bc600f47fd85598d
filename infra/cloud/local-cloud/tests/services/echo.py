#!/usr/bin/env python3
"""A function without libraries: reads an item, writes it and publishes an answer, in a loop."""

import datetime
import hashlib
import hmac
import json
import os
import urllib.parse
import urllib.request

RUNTIME = "http://%s/2018-06-01/runtime/invocation" % os.environ["AWS_LAMBDA_RUNTIME_API"]


def signed(service, url, body):
    """The headers of AWS Signature Version 4, as an SDK makes them."""
    parts = urllib.parse.urlsplit(url)
    time = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    headers = {
        "host": parts.netloc,
        "x-amz-date": time,
        "x-amz-security-token": os.environ["AWS_SESSION_TOKEN"],
    }
    names = ";".join(headers)
    lines = "".join("%s:%s\n" % pair for pair in headers.items())
    path = urllib.parse.quote(parts.path or "/", safe="/~")
    request = "\n".join(["POST", path, parts.query, lines, names, hashlib.sha256(body).hexdigest()])
    scope = "/".join([time[:8], os.environ["AWS_REGION"], service, "aws4_request"])
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    to_sign = "\n".join(
        ["AWS4-HMAC-SHA256", time, scope, hashlib.sha256(request.encode()).hexdigest()]
    )
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    credential = os.environ["AWS_ACCESS_KEY_ID"] + "/" + scope
    headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=%s, SignedHeaders=%s, Signature=%s" % (
        credential,
        names,
        signature,
    )
    return headers


def call(url, body=None, headers=None):
    request = urllib.request.Request(url, data=body, headers=headers or {})
    with urllib.request.urlopen(request) as response:
        return response.headers, response.read()


def table(operation, body):
    headers = {
        "X-Amz-Target": "DynamoDB_20120810." + operation,
        "Content-Type": "application/x-amz-json-1.0",
    }
    body["TableName"] = os.environ["TABLE_NAME"]
    url = os.environ["AWS_ENDPOINT_URL_DYNAMODB"]
    body = json.dumps(body).encode()
    return call(url, body, headers | signed("dynamodb", url, body))


while True:
    headers, event = call(RUNTIME + "/next")
    request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    event = json.loads(event)
    key = {"pk": {"S": event["asker"]}}
    table("GetItem", {"Key": key})
    table("PutItem", {"Item": key | {"question": {"S": event["question"]}}})
    answer = json.dumps({"answer": event["question"][::-1], "event": event}).encode()
    url = (
        os.environ["AWS_ENDPOINT_URL_IOT_DATA_PLANE"]
        + "/topics/answer%2F"
        + event["asker"]
        + "?qos=1"
    )
    call(url, answer, signed("iotdata", url, answer))
    call(RUNTIME + "/" + request_id + "/response", b"{}")
