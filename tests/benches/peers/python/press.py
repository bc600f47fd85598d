"""The press function's work in Python with boto3, for cargo xtask bench.

It keeps the binding in the process, as a careful author would, and logs one JSON line.
"""

import base64
import http.client
import json
import os
import sys
import time

import boto3
from botocore.config import Config

CALLS = int(os.environ["BENCH_CALLS"])
TABLE = os.environ["TABLE_NAME"]
CONFIG = Config(retries={"mode": "standard"}, tcp_keepalive=True)
DYNAMODB = boto3.client("dynamodb", config=CONFIG)
IOT = boto3.client("iot-data", config=CONFIG)
KNOWN = {}


def read(pk, sk):
    key = {"pk": {"S": pk}, "sk": {"S": sk}}
    return DYNAMODB.get_item(TableName=TABLE, Key=key, ConsistentRead=True)["Item"]


def read_binding(button):
    item = read(f"button#{button}", "binding")
    if not item["enabled"]["BOOL"]:
        raise ValueError(f"button {button} is not enabled")
    last = item.get("lastPress", {}).get("M", {})
    is_unlock = last.get("action", {}).get("S") == "unlock"
    return {
        "lock": item["lock"]["S"],
        "revision": item["revision"],
        "state": "unlocked" if is_unlock else "locked",
        "version": int(last.get("version", {}).get("N", 0)),
    }


def note(event, press, action, version):
    return {
        "at": {"N": str(event["receivedAt"])},
        "pressId": {"S": event["pressId"]},
        "sequence": {"N": str(press["sequence"])},
        "version": {"N": str(version)},
        "action": {"S": action},
    }


def write_binding(known, button, last):
    return {
        "TableName": TABLE,
        "Key": {"pk": {"S": f"button#{button}"}, "sk": {"S": "binding"}},
        "UpdateExpression": "SET lastPress = :p",
        "ConditionExpression": "revision = :r",
        "ExpressionAttributeValues": {":p": {"M": last}, ":r": known["revision"]},
    }


def write_record(known, button, action, version, event):
    number = {"N": str(version)}
    command = {
        "action": {"S": action},
        "attempts": {"N": "1"},
        "id": {"S": event["pressId"]},
        "createdAt": number,
        "nextSendAt": number,
        "cause": {"M": {"kind": {"S": "button"}, "button": {"S": button}}},
    }
    return {
        "TableName": TABLE,
        "Key": {"pk": {"S": "lock#" + known["lock"]}, "sk": {"S": "record"}},
        "UpdateExpression": "SET version = :n, #s = :p, command = :c, dueShard = :h, dueAt = :n",
        "ConditionExpression": "version = :v AND #s = :t AND #l = :l",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        "ExpressionAttributeNames": {"#s": "status", "#l": "state"},
        "ExpressionAttributeValues": {
            ":n": number,
            ":p": {"S": "pending"},
            ":c": {"M": command},
            ":h": {"S": "7"},
            ":v": {"N": str(known["version"])},
            ":t": {"S": "settled"},
            ":l": {"S": known["state"]},
        },
    }


def write_line(known, button, action, version, event, press):
    item = {
        "pk": {"S": "lock#" + known["lock"]},
        "sk": {"S": f"event#{event['receivedAt']}#{event['pressId']}"},
        "kind": {"S": "press"},
        "key": {"S": event["pressId"]},
        "at": {"N": str(event["receivedAt"])},
        "button": {"S": button},
        "click": {"S": press["clickType"]},
        "intent": {"S": "toggle"},
        "decision": {"S": "command"},
        "reason": {"S": "pressed"},
        "action": {"S": action},
        "version": {"N": str(version)},
        "commandId": {"S": event["pressId"]},
        "sequence": {"N": str(press["sequence"])},
        "principal": {"S": event["principal"]},
        "ttl": {"N": str(version // 1000 + 7776000)},
        "subject": {"M": {"lock": {"S": known["lock"]}}},
    }
    return {"TableName": TABLE, "Item": item}


def handle(event):
    began = time.monotonic()
    button = event["button"]
    press = json.loads(base64.b64decode(event["payload"]))
    if button not in KNOWN:
        KNOWN[button] = read_binding(button)
    known = KNOWN[button]
    # Without a note of the last press nothing can be predicted.
    if CALLS == 3 or known["version"] == 0:
        record = read("lock#" + known["lock"], "record")
        known["state"] = record["state"]["S"]
        known["version"] = int(record["version"]["N"])
    action = "unlock" if known["state"] == "locked" else "lock"
    version = max(int(time.time() * 1000), known["version"] + 1)
    last = note(event, press, action, version)
    DYNAMODB.transact_write_items(
        TransactItems=[
            {"Update": write_binding(known, button, last)},
            {"Update": write_record(known, button, action, version, event)},
            {"Put": write_line(known, button, action, version, event, press)},
        ]
    )
    command = {
        "v": 1,
        "action": action,
        "version": version,
        "commandId": event["pressId"],
        "issuedAt": version // 1000,
        "expiresAt": version // 1000 + 30,
    }
    IOT.publish(topic="remote-lock/" + known["lock"], qos=1, payload=json.dumps(command))
    known["version"] = version
    known["state"] = "locked" if action == "lock" else "unlocked"
    line = {"level": "INFO", "target": "press", "button": button, "action": action,
            "version": version, "total_ms": (time.monotonic() - began) * 1000}
    print(json.dumps(line), flush=True)


def main():
    runtime = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    base = "/2018-06-01/runtime/invocation/"
    while True:
        runtime.request("GET", base + "next")
        answer = runtime.getresponse()
        event = json.loads(answer.read())
        part, body = "response", "null"
        try:
            handle(event)
        except Exception as error:  # the Runtime API takes every error of a function
            part = "error"
            body = json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)})
        path = base + answer.headers["lambda-runtime-aws-request-id"] + "/" + part
        runtime.request("POST", path, body, {"content-type": "application/json"})
        runtime.getresponse().read()


if __name__ == "__main__":
    sys.exit(main())
