"""AWS IoT Device SDK for Python v2: MQTT over WebSocket with signed handshakes, and ALPN.

usage: device_websocket.py READY_FILE THING
"""

import queue
import sys
import threading

from awscrt import auth, exceptions, io, mqtt, mqtt5
from awsiot import mqtt5_client_builder, mqtt_connection_builder

from ready import CA, DEADLINE_S, HOST, PORT, READY, check, files_of

settings = {"endpoint": HOST, "port": PORT, "ca_filepath": CA}


def signed_by(secret):
    return auth.AwsCredentialsProvider.new_static(READY["credentials"]["accessKeyId"], secret)


def exchange(connection, what):
    """Connects, and sends itself a message."""
    connection.connect().result(DEADLINE_S)
    received = queue.Queue()
    done, _ = connection.subscribe(
        "open/+", mqtt.QoS.AT_LEAST_ONCE, lambda topic, payload, **_: received.put(payload)
    )
    done.result(DEADLINE_S)
    # Longer than a short frame, and than one read.
    payload = bytes(range(256)) * 400
    done, _ = connection.publish("open/a", payload, mqtt.QoS.AT_LEAST_ONCE)
    done.result(DEADLINE_S)
    check(received.get(timeout=DEADLINE_S) == payload, what)
    connection.disconnect().result(DEADLINE_S)


def over_websocket_3(secret):
    return mqtt_connection_builder.websockets_with_default_aws_signing(
        READY["region"],
        signed_by(secret),
        client_id="browser",
        clean_session=True,
        keep_alive_secs=30,
        **settings,
    )


def over_websocket_5():
    connected, stopped = queue.Queue(), threading.Event()
    client = mqtt5_client_builder.websockets_with_default_aws_signing(
        READY["region"],
        signed_by(READY["credentials"]["secretAccessKey"]),
        client_id="browser",
        on_lifecycle_connection_success=connected.put,
        on_lifecycle_connection_failure=connected.put,
        on_lifecycle_stopped=lambda _: stopped.set(),
        **settings,
    )
    client.start()
    negotiated = connected.get(timeout=DEADLINE_S).negotiated_settings
    check(negotiated.maximum_qos == mqtt5.QoS.AT_LEAST_ONCE, "MQTT 5 over WebSocket connects")
    packet = mqtt5.PublishPacket(topic="open/a", payload=b"hi", qos=mqtt5.QoS.AT_LEAST_ONCE)
    done = client.publish(packet).result(DEADLINE_S)
    check(done.puback.reason_code == mqtt5.PubackReasonCode.SUCCESS, "and publishes")
    client.stop()
    check(stopped.wait(DEADLINE_S), "and stops")


def by_alpn(name):
    """MQTT 3.1.1 with a certificate, selected as at port 443."""
    certificate, key = files_of(sys.argv[2])
    options = io.TlsContextOptions.create_client_with_mtls_from_path(certificate, key)
    options.override_default_trust_store_from_path(None, CA)
    options.alpn_list = [name]
    client = mqtt.Client(tls_ctx=io.ClientTlsContext(options))
    return mqtt.Connection(
        client=client,
        host_name=HOST,
        port=PORT,
        client_id=sys.argv[2],
        clean_session=True,
        keep_alive_secs=30,
    )


exchange(
    over_websocket_3(READY["credentials"]["secretAccessKey"]), "MQTT 3.1.1 over WebSocket works"
)
over_websocket_5()
try:
    over_websocket_3("wrong").connect().result(DEADLINE_S)
    check(False, "a wrong secret is refused")
except exceptions.AwsCrtError as error:
    check("WEBSOCKET" in error.name, f"a wrong secret is refused: {error.name}")
exchange(by_alpn("x-amzn-mqtt-ca"), "MQTT with a certificate is selected by ALPN")
