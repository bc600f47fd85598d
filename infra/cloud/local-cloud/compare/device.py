"""A device: an MQTT 3.1.1 client with a certificate.

Must not know: which broker it talks to, and the cases.
"""

import json
import queue
import ssl
import time

import paho.mqtt.client as paho

WAIT_S = 4


class Refused(Exception):
    """The broker refused the connection, or ended it."""


class Identity:
    """Files of a certificate and its key; no files for a client that has none."""

    def __init__(self, certificate=None, key=None, arn=None, number=None):
        self.certificate, self.key, self.arn, self.number = certificate, key, arn, number


def issue(peer, name, document=None, active=True, thing=None):
    """A new certificate with this policy, attached to this thing."""
    iot = peer.client("iot")
    made = iot.create_keys_and_certificate(setAsActive=active)
    files = [peer.folder / f"{name}.{kind}.pem" for kind in ("cert", "key")]
    files[0].write_text(made["certificatePem"])
    files[1].write_text(made["keyPair"]["PrivateKey"])
    if document is not None:
        account = made["certificateArn"].rsplit(":", 1)[0]
        text = json.dumps(document).replace("<arn>", account)
        iot.create_policy(policyName=name, policyDocument=text)
        iot.attach_policy(policyName=name, target=made["certificateArn"])
    if thing is not None:
        iot.create_thing(thingName=thing)
        iot.attach_thing_principal(thingName=thing, principal=made["certificateArn"])
    return Identity(str(files[0]), str(files[1]), made["certificateArn"], made["certificateId"])


class Device:
    """A connection. A call that the broker answers by ending it raises Refused."""

    def __init__(self, peer, identity, client_id):
        host, port, ca = peer.broker
        self.messages, self.answers = queue.Queue(), queue.Queue()
        self.client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id=client_id, reconnect_on_failure=False
        )
        self.client.tls_set(ca, identity.certificate, identity.key)
        put = self.answers.put
        self.client.on_connect = lambda c, d, flags, reason, p: put(("connected", reason))
        self.client.on_disconnect = lambda c, d, flags, reason, p: put(("ended", reason))
        self.client.on_subscribe = lambda c, d, mid, reasons, p: put(("subscribed", reasons))
        self.client.on_publish = lambda c, d, mid, reason, p: put(("published", reason))
        self.client.on_message = lambda c, d, m: self.messages.put((m.topic, bytes(m.payload)))
        try:
            self.client.connect(host, port, keepalive=30)
        except (OSError, ssl.SSLError) as error:
            raise Refused(str(error)) from error
        self.client.loop_start()
        if self._wait("connected").is_failure:
            self.close()
            raise Refused("CONNACK with a refusal")

    def _wait(self, wanted):
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                kind, value = self.answers.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                self.close()
                raise Refused(f"never {wanted}") from None
            if kind == wanted:
                return value
            if kind == "ended":
                self.client.loop_stop()
                raise Refused(f"the connection ended: {value}")

    def subscribe(self, *filters):
        self.client.subscribe([(one, 1) for one in filters])
        if any(reason.is_failure for reason in self._wait("subscribed")):
            raise Refused("SUBACK with a refusal")

    def publish(self, topic, payload, retain=False):
        self.client.publish(topic, payload, qos=1, retain=retain)
        self._wait("published")

    def message(self, wait_s=WAIT_S):
        """The next message as topic and payload; None if none comes."""
        try:
            return self.messages.get(timeout=wait_s)
        except queue.Empty:
            return None

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
