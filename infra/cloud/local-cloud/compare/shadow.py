"""The recorded shadow cases (tests/vectors/shadow-cases.json), over REST and over MQTT.

The state that a case begins with is reached by requests, so it can be reached on any program. Must
not know: which program answers.
"""

import base64
import json
import re
import time

from botocore.exceptions import BotoCoreError, ClientError

from device import Device, Refused, issue

# Cases that no request alone can show: they need a clock, many requests at once, a will, or a URL.
LEFT_OUT = {
    "eleventh_in_flight_request_429",
    "last_will_on_shadow_topic_is_ignored",
    "rest_retain_on_reserved_topic_refused",
    "update_after_delete_older_than_48h_restarts",
}
# A GET and a DELETE have no body to put a token in.
MQTT_ONLY = {
    "get_missing_shadow_404_echoes_client_token",
    "get_echoes_client_token",
    "delete_echoes_client_token",
}
# They distinguish REST's answer from the messages.
REST_ONLY = {"rest_update_also_publishes_mqtt", "rest_get_missing_404"}
LAST = "the read that ends the case"
EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}],
}


class Wrong(Exception):
    """A difference from the expected answer."""


class Case:
    """A case with a thing of its own."""

    def __init__(self, case, thing):
        self.case, self.thing, self.name = case, thing, case["name"]
        self.shadow = case.get("shadow_name")
        self.unreached = None

    def prefix(self):
        named = f"/name/{self.shadow}" if self.shadow else ""
        return f"$aws/things/{self.thing}/shadow{named}"

    def address(self):
        named = {"shadowName": self.shadow} if self.shadow else {}
        return {"thingName": self.thing, **named}

    def reach(self, peer):
        """Brings the shadow to the state and version that the case begins with."""
        peer.client("iot").create_thing(thingName=self.thing)
        data, initial = peer.client("iot-data"), self.case["initial"]
        try:
            if initial is not None:
                body = json.dumps({"state": initial["state"]})
                for _ in range(initial["version"]):
                    data.update_thing_shadow(payload=body, **self.address())
                found = json.load(data.get_thing_shadow(**self.address())["payload"])
                if found.get("version") != initial["version"]:
                    raise Wrong(f"begins with version {found.get('version')}")
            for step in self.case.get("setup", []):
                rest(data, self, step)
        except (BotoCoreError, ClientError, Wrong, ValueError) as error:
            self.unreached = f"the first state cannot be reached: {error}"


def payload(request):
    if "payload_raw" in request:
        return request["payload_raw"].encode()
    if "payload_base64" in request:
        return base64.b64decode(request["payload_base64"])
    if "payload_template" in request:
        text = json.dumps(request["payload_template"])
        return re.sub("<repeat:(.):([0-9]+)>", lambda m: m[1] * int(m[2]), text).encode()
    body = request["payload"]
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def matches(case, seconds, expected, actual, optional=(), key=None):
    """Whether an answer is as expected; `seconds` are those of the request."""
    if isinstance(expected, str):
        return matches_text(case, seconds, expected, actual)
    if key == "timestamp" and expected == 1000:
        return type(actual) is int and 0 < actual < seconds[0]
    if isinstance(expected, dict):
        if not isinstance(actual, dict):
            return False
        if any(name not in expected and name not in optional for name in actual):
            return False
        below = lambda name: [o[len(name) + 1 :] for o in optional if o.startswith(f"{name}.")]
        return all(
            name in actual and matches(case, seconds, value, actual[name], below(name), name)
            for name, value in expected.items()
        )
    if isinstance(expected, list):
        same = isinstance(actual, list) and len(actual) == len(expected)
        return same and all(matches(case, seconds, e, a) for e, a in zip(expected, actual))
    return type(expected) is type(actual) and expected == actual


def matches_text(case, seconds, text, actual):
    if text == "<any>":
        return True
    if text == "<ts>":
        return type(actual) is int and seconds[0] <= actual <= seconds[1]
    text = text.replace("<thing>", case.thing).replace("<shadow>", case.shadow or "?")
    if text.startswith("re:"):
        return isinstance(actual, str) and re.search(text[3:], actual) is not None
    return actual == text


def rest(data, case, request):
    """Status and body of the answer to a request."""
    what = {"POST": "update", "GET": "get"}.get(request["topic"].split()[0], request["topic"])
    call = getattr(data, f"{what}_thing_shadow")
    body = {"payload": payload(request)} if what == "update" else {}
    try:
        return 200, json.load(call(**body, **case.address())["payload"])
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return status, {"message": error.response["Error"].get("Message")}


def check_rest(peer, case):
    data = peer.client("iot-data")
    begun = int(time.time())
    status, body = rest(data, case, case.case["request"])
    seconds = (begun, int(time.time()))
    for expected in case.case["expected"]:
        if expected.get("topic", "").endswith(("delta", "documents")):
            continue
        inner = expected["payload"]
        code = inner.get("code") if isinstance(inner, dict) else None
        wanted = expected.get("http") or code or 200
        if wanted != 200:
            inner, body = {"message": inner["message"]}, {"message": body.get("message")}
        optional = expected.get("optional_keys", [])
        if status != wanted or not matches(case, seconds, inner, body, optional):
            raise Wrong(f"answers {status} {json.dumps(body)}")
    check_after(case, rest(data, case, {"topic": "get"})[1])


def check_after(case, found):
    for key, value in case.case.get("after_get", {}).items():
        if found is None or found.get(key) != value:
            raise Wrong(f"afterwards the shadow is {json.dumps(found)}")


def check_mqtt(peer, identity, case):
    seen, last = [], None
    with Device(peer, identity, case.thing) as device:
        device.subscribe(f"{case.prefix()}/+/+")
        begun = int(time.time())
        request = case.case["request"]
        device.publish(f"{case.prefix()}/{request['topic']}", payload(request))
        device.publish(f"{case.prefix()}/get", json.dumps({"clientToken": LAST}))
        while (message := device.message(1.5 if last is None else 0.2)) is not None:
            body = json.loads(message[1] or b"null")
            if isinstance(body, dict) and body.get("clientToken") == LAST:
                last = body
            else:
                seen.append((message[0].removeprefix(f"{case.prefix()}/"), body))
        seconds = (begun, int(time.time()))
    for expected in case.case["expected"]:
        bodies = [body for topic, body in seen if topic == expected["topic"]]
        optional = expected.get("optional_keys", [])
        if len(bodies) != 1 or not matches(
            case, seconds, expected["payload"], bodies[0], optional
        ):
            raise Wrong(f"{expected['topic']}: {json.dumps(bodies)}")
    wanted = {expected["topic"] for expected in case.case["expected"]}
    for topic, body in seen:
        stray = topic.endswith("/rejected") and topic not in wanted
        if stray or topic in case.case.get("never", []):
            raise Wrong(f"unexpected {topic}: {json.dumps(body)}")
    check_after(case, last)


def run(peer, path):
    """Yields (group, case, what is wrong or None)."""
    with open(path, encoding="utf-8") as file:
        cases = [case for case in json.load(file)["cases"] if case["name"] not in LEFT_OUT]
    by_rest = [
        Case(case, f"rest-{n}") for n, case in enumerate(cases) if case["name"] not in MQTT_ONLY
    ]
    by_mqtt = [
        Case(case, f"mqtt-{n}") for n, case in enumerate(cases) if case["name"] not in REST_ONLY
    ]
    if peer.broker is None:
        by_mqtt = []
    for case in by_rest + by_mqtt:
        case.reach(peer)
    # So that timestamps of the first state are older than those of the request.
    time.sleep(1.1)
    for case in by_rest:
        yield "shadow-rest", case.name, outcome(case, lambda: check_rest(peer, case))
    if by_mqtt:
        identity = issue(peer, "shadows", EVERYTHING)
    for case in by_mqtt:
        yield "shadow-mqtt", case.name, outcome(case, lambda: check_mqtt(peer, identity, case))


def outcome(case, check):
    if case.unreached:
        return case.unreached
    try:
        check()
    except (Wrong, Refused, BotoCoreError, ClientError, ValueError) as error:
        return str(error) or type(error).__name__
    return None
