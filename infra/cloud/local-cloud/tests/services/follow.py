#!/usr/bin/env python3
"""A function without libraries that follows a stream: logs its records, then obeys each."""

import json
import os
import threading
import urllib.request

RUNTIME = "http://%s/2018-06-01/runtime/invocation" % os.environ["AWS_LAMBDA_RUNTIME_API"]


def call(url, body=None):
    with urllib.request.urlopen(urllib.request.Request(url, data=body)) as response:
        return response.headers, response.read()


while True:
    headers, event = call(RUNTIME + "/next")
    request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    event = json.loads(event)
    print(json.dumps({"given": event}), flush=True)
    failed = []
    answer = "/response"
    for record in event["Records"]:
        change = record["dynamodb"]
        do = change.get("NewImage", {}).get("do", {}).get("S", "")
        if do == "poison":
            failed.append({"itemIdentifier": change["SequenceNumber"]})
        if do == "raise":
            answer = "/error"
        if do == "die":
            os._exit(1)
        if do.startswith("wait for "):
            while not os.path.exists(do[len("wait for ") :]):
                threading.Event().wait(0.01)
    body = (
        {"errorType": "Asked", "errorMessage": "as asked"}
        if answer == "/error"
        else {"batchItemFailures": failed}
    )
    call(RUNTIME + "/" + request_id + answer, json.dumps(body).encode())
