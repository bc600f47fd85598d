#!/usr/bin/env python3
"""A pre-provisioning hook without libraries: lets serial numbers in that begin with a digit."""

import json
import os
import urllib.request

RUNTIME = "http://%s/2018-06-01/runtime/invocation" % os.environ["AWS_LAMBDA_RUNTIME_API"]


def call(url, body=None):
    with urllib.request.urlopen(urllib.request.Request(url, data=body)) as response:
        return response.headers, response.read()


def decide(event):
    serial = event["parameters"].get("SerialNumber", "")
    if serial == "broken":
        return ["not", "an", "object"]
    known = ("claimCertificateId", "certificateId", "certificatePem", "templateArn", "clientId")
    is_whole = all(event[name] for name in known)
    # An override is seen in the thing's attributes.
    overrides = {"Place": "hall", "Client": event["clientId"]}
    return {
        "allowProvisioning": is_whole and serial[:1].isdigit(),
        "parameterOverrides": overrides,
    }


while True:
    headers, event = call(RUNTIME + "/next")
    answer = json.dumps(decide(json.loads(event))).encode()
    call(RUNTIME + "/" + headers["Lambda-Runtime-Aws-Request-Id"] + "/response", answer)
