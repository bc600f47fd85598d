"""Statements of topic rules: each in a rule of its own that republishes its result.

Must not know: which engine evaluates them.
"""

import json
import pathlib
import re
import time

from botocore.exceptions import ClientError

import peer as peers
from device import Device, Refused, issue

CASES = pathlib.Path(__file__).with_name("sql-cases.json")
LAST = "last"
VERSION = "2016-03-23"
# Results of statements may pass each other.
GRACE_S = 1.5
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "iot.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
PUBLISH = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "iot:Publish", "Resource": "*"}],
}


def load():
    return json.loads(CASES.read_text(encoding="utf-8"))


def source(number, case):
    """Topic of a case, and its statement with that topic."""
    base = f"in/s{number}"
    topic = f"{base}/room/attic"
    return topic, case["sql"].replace("{topic}", topic).replace("{base}", base)


def sentinel():
    return {"sql": f"SELECT * FROM 'in/{LAST}'"}


def template(cases):
    """A template with a rule for each of these numbered cases."""
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": TRUST,
            "Policies": [{"PolicyName": "publish", "PolicyDocument": PUBLISH}],
        },
    }
    rules = {}
    for name, statement, target in statements(cases):
        republish = {"Topic": target, "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}}
        payload = {
            "Sql": statement,
            "AwsIotSqlVersion": VERSION,
            "Actions": [{"Republish": republish}],
        }
        rules[name] = {
            "Type": "AWS::IoT::TopicRule",
            "Properties": {"RuleName": name, "TopicRulePayload": payload},
        }
    return json.dumps({"Resources": {"Role": role, **rules}})


def statements(cases):
    """Name, statement and target of the rule of each case, and of the last."""
    for number, case in cases.items():
        yield f"S{number}", source(number, case)[1], f"out/s{number}"
    yield "Last", sentinel()["sql"], f"out/{LAST}"


def start(kind, folder, cases):
    """A program with a rule for each case; what it refused, by number."""
    if kind.rules == "template":
        return from_template(kind, folder, dict(cases))
    refused, program = {}, kind(folder)
    try:
        role = program.client("iam").create_role(
            RoleName="republish", AssumeRolePolicyDocument=json.dumps(TRUST)
        )["Role"]["Arn"]
        program.client("iam").put_role_policy(
            RoleName="republish", PolicyName="publish", PolicyDocument=json.dumps(PUBLISH)
        )
        iot = program.client("iot")
        for name, statement, target in statements(cases):
            payload = {
                "sql": statement,
                "awsIotSqlVersion": VERSION,
                "actions": [{"republish": {"roleArn": role, "topic": target}}],
            }
            try:
                iot.create_topic_rule(ruleName=name, topicRulePayload=payload)
            except ClientError as error:
                if name == "Last":
                    raise
                refused[int(name[1:])] = str(error)
    except BaseException:
        program.close()
        raise
    return program, refused


def from_template(kind, folder, cases):
    """A template is refused whole, so it is tried without each statement that a refusal names."""
    refused = {}
    for attempt in range(len(cases) + 1):
        try:
            return kind(folder / str(attempt), template(cases)), refused
        except peers.DidNotStart as said:
            named = re.search(r"\bS(\d+)\b", str(said))
            if named is None or int(named[1]) not in cases:
                raise
            refused[int(named[1])] = str(said)
            del cases[int(named[1])]
    raise peers.DidNotStart("every statement was refused")


def run(kind, folder):
    """Yields (group, case, what is wrong or None)."""
    file = load()
    cases = dict(enumerate(file["cases"]))
    program, refused = start(kind, folder, cases)
    with program:
        if program.broker is None:
            return
        results = evaluate(program, file, cases, refused)
    for number, case in cases.items():
        group = "functions" if case.get("is_function") else "statements"
        yield group, case["sql"], difference(case, refused.get(number), results.get(number))


def evaluate(program, file, cases, refused):
    """The result of each statement that had one."""
    results = {}
    identity = issue(program, "tester", file["everything"], thing="tester")
    with Device(program, identity, "tester") as device:
        device.subscribe("out/#")
        for number, case in cases.items():
            if number not in refused:
                topic = source(number, case)[0]
                payload = case.get("payload", file["payload"])
                body = payload if isinstance(payload, str) else json.dumps(payload)
                device.publish(topic, body)
        device.publish(f"in/{LAST}", "{}")
        deadline = None
        while deadline is None or time.monotonic() < deadline:
            message = device.message(4 if deadline is None else GRACE_S)
            if message is None:
                if deadline is None:
                    raise Refused("the last rule did not republish")
                break
            name = message[0].removeprefix("out/")
            if name == LAST:
                deadline = time.monotonic() + GRACE_S
            else:
                results[int(name[1:])] = message[1]
    return results


def difference(case, refused, result):
    wanted = case.get("refused"), case.get("result", "nothing")
    if refused is not None:
        return None if wanted[0] else f"refused: {refused}"
    if wanted[0]:
        return "taken, although it is wrong"
    if result is None:
        return None if "result" not in case else "no result"
    if "result" not in case:
        return f"result {result.decode(errors='replace')}"
    try:
        value = json.loads(result)
    except ValueError:
        return f"result {result!r}"
    return None if same(value, case["result"]) else f"result {json.dumps(value)}"


def same(value, wanted):
    """Equal as JSON; numbers by their value, with a tolerance for the last digits of a fraction."""
    numbers = (int, float)
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    if isinstance(value, numbers) and isinstance(wanted, numbers):
        return abs(value - wanted) <= 1e-12 * max(1, abs(wanted))
    if isinstance(value, dict) and isinstance(wanted, dict):
        return value.keys() == wanted.keys() and all(same(value[k], wanted[k]) for k in wanted)
    if isinstance(value, list) and isinstance(wanted, list):
        return len(value) == len(wanted) and all(same(v, w) for v, w in zip(value, wanted))
    return value == wanted
