#!/usr/bin/env python3
"""A function that writes each event it is given to a file, and fails if the event asks for it."""

import base64
import json
import os
import urllib.request

RUNTIME = "http://%s/2018-06-01/runtime/invocation" % os.environ["AWS_LAMBDA_RUNTIME_API"]
FUNCTION = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
FOLDER = os.path.dirname(os.path.abspath(__file__))


def call(url, body=None):
    with urllib.request.urlopen(urllib.request.Request(url, data=body)) as response:
        return response.headers, response.read()


def must_fail(event):
    payload = event.get("payload")
    return payload is not None and b"fail" in base64.b64decode(payload)


while True:
    headers, event = call(RUNTIME + "/next")
    name = "%s/%s.%d.jsonl" % (FOLDER, FUNCTION, os.getpid())
    with open(name, "ab") as file:
        file.write(event + b"\n")
    url = RUNTIME + "/" + headers["Lambda-Runtime-Aws-Request-Id"]
    if must_fail(json.loads(event)):
        failure = {"errorType": "recorder", "errorMessage": "asked to fail", "stackTrace": []}
        call(url + "/error", json.dumps(failure).encode())
    else:
        call(url + "/response", b'{"batchItemFailures": []}')
