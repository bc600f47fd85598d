"""paho-mqtt over MQTT 3.1.1 or 5: QoS 0 and 1, retained messages, a will, a session, a refusal.

usage: paho_client.py READY_FILE 3|5; uses things `first` and `second`.
"""

import queue
import sys

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ready import CA, DEADLINE_S, HOST, PORT, check, files_of

IS_5 = sys.argv[2] == "5"


class Device:
    """A client whose callbacks end in queues."""

    def __init__(self, thing, prepare=lambda client: None, keeps_session=False, aliases=None):
        how = {} if IS_5 else {"clean_session": not keeps_session}
        protocol = paho.MQTTv5 if IS_5 else paho.MQTTv311
        self.client = paho.Client(
            paho.CallbackAPIVersion.VERSION2,
            client_id=thing,
            protocol=protocol,
            reconnect_on_failure=False,
            **how,
        )
        certificate, key = files_of(thing)
        self.client.tls_set(CA, certificate, key)
        self.connected, self.messages, self.acknowledged, self.ended = (
            queue.Queue() for _ in range(4)
        )
        self.client.on_connect = lambda client, data, flags, reason, properties: self.connected.put(
            (flags.session_present, reason)
        )
        self.client.on_message = lambda client, data, message: self.messages.put(message)
        self.client.on_subscribe = (
            lambda client, data, mid, reasons, properties: self.acknowledged.put(reasons)
        )
        self.client.on_disconnect = lambda client, data, flags, reason, properties: self.ended.put(
            reason
        )
        prepare(self.client)
        self.open(keeps_session, aliases)

    def open(self, keeps_session, aliases=None):
        properties = None
        if IS_5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = 60 if keeps_session else 0
            if aliases is not None:
                properties.TopicAliasMaximum = aliases
        start = {"clean_start": not keeps_session, "properties": properties} if IS_5 else {}
        self.client.connect(HOST, PORT, keepalive=30, **start)
        self.client.loop_start()
        self.session_present, reason = self.connected.get(timeout=DEADLINE_S)
        check(not reason.is_failure, f"connected: {reason}")

    def subscribe(self, topic):
        self.client.subscribe(topic, qos=1)
        return self.acknowledged.get(timeout=DEADLINE_S)[0]

    def message(self):
        return self.messages.get(timeout=DEADLINE_S)

    def close(self):
        self.client.disconnect()
        self.ended.get(timeout=DEADLINE_S)
        self.client.loop_stop()


def publish(device, topic, payload, **how):
    device.client.publish(topic, payload, **how).wait_for_publish(DEADLINE_S)


def messages(first, second):
    check(second.subscribe("open/+").value == 1, "granted QoS 1")
    for qos in (0, 1):
        publish(first, "open/a", f"at {qos}", qos=qos)
        got = second.message()
        check(
            (got.payload, got.qos, got.retain) == (f"at {qos}".encode(), qos, False),
            f"a message at QoS {qos}",
        )
    publish(first, "open/kept", "kept", qos=1, retain=True)
    check(not second.message().retain, "an existing subscriber gets it as a new message")
    check(second.subscribe("open/kept").value == 1, "granted QoS 1")
    got = second.message()
    check(
        (got.payload, got.retain) == (b"kept", True),
        "a later subscriber gets it as a retained message",
    )
    publish(first, "open/kept", "", qos=1, retain=True)
    check(second.message().payload == b"", "an empty message deletes it")


def properties(first, second):
    sent = Properties(PacketTypes.PUBLISH)
    sent.UserProperty = ("k", "v")
    sent.ResponseTopic, sent.CorrelationData = "open/answer", b"1"
    sent.ContentType, sent.PayloadFormatIndicator, sent.MessageExpiryInterval = "text/plain", 1, 60
    publish(first, "open/a", "with properties", qos=1, properties=sent)
    got = second.message().properties
    check(
        got.UserProperty == [("k", "v")] and got.ContentType == "text/plain",
        "user properties and content type arrive",
    )
    check(
        got.ResponseTopic == "open/answer" and got.CorrelationData == b"1",
        "response topic and correlation data arrive",
    )
    check(
        got.PayloadFormatIndicator == 1 and 0 < got.MessageExpiryInterval <= 60,
        "format and remaining expiry arrive",
    )


def topic_aliases(first):
    for most in (0, 5):
        second = Device("second", aliases=most)
        check(
            second.subscribe("open/+").value == 1, f"connected with a topic alias maximum of {most}"
        )
        for number in range(2):
            publish(first, "open/a", str(number), qos=1)
            check(second.message().topic == "open/a", "a message comes with its topic")
        second.close()


def session(first):
    second = Device("second", keeps_session=True)
    check(not second.session_present, "no session yet")
    second.subscribe("open/later")
    second.close()
    for number in range(3):
        publish(first, "open/later", str(number), qos=1)
    second.open(keeps_session=True)
    check(second.session_present, "the session is resumed")
    check(
        [second.message().payload for _ in range(3)] == [b"0", b"1", b"2"],
        "and the missed messages arrive in order",
    )
    second.close()


def last_will(first):
    second = Device("second", prepare=lambda client: client.will_set("open/will", "gone", qos=1))
    first.subscribe("open/will")
    second.client.loop_stop()
    second.client.socket().close()
    check(first.message().payload == b"gone", "a broken connection sends its will")


def refusal():
    first = Device("first")
    if IS_5:
        check(
            first.subscribe("secret").value == 0x87,
            "a filter that no policy allows: not authorised",
        )
        first.close()
        first = Device("first")
        first.client.publish("secret", "", qos=0)
        check(
            first.ended.get(timeout=DEADLINE_S).is_failure,
            "a topic that no policy allows ends the connection",
        )
    else:
        first.client.subscribe("secret", qos=1)
        check(
            first.ended.get(timeout=DEADLINE_S).is_failure,
            "a filter that no policy allows ends the connection",
        )
        first = Device("first")
        first.client.publish("secret", "", qos=1)
        check(
            first.ended.get(timeout=DEADLINE_S).is_failure,
            "a topic that no policy allows ends the connection",
        )


first, second = Device("first"), Device("second")
messages(first, second)
if IS_5:
    properties(first, second)
second.close()
if IS_5:
    topic_aliases(first)
session(first)
last_will(first)
first.close()
refusal()
