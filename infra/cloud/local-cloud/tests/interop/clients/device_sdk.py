"""AWS IoT Device SDK for Python v2: messages over MQTT 3.1.1 or 5, and both shadow clients.

usage: device_sdk.py READY_FILE THING 3|5
"""

import queue
import sys
import threading

from awscrt import mqtt, mqtt5, mqtt_request_response
from awsiot import ServiceStreamOptions, iotshadow, mqtt5_client_builder, mqtt_connection_builder

from ready import CA, DEADLINE_S, HOST, PORT, check, files_of

thing = sys.argv[2]
certificate, key = files_of(thing)
settings = {"endpoint": HOST, "port": PORT, "ca_filepath": CA, "client_id": thing}


def messages_3():
    """A connection over MQTT 3.1.1 that has sent itself a message."""
    connection = mqtt_connection_builder.mtls_from_path(
        certificate, key, clean_session=True, keep_alive_secs=30, **settings
    )
    connection.connect().result(DEADLINE_S)
    received = queue.Queue()
    done, _ = connection.subscribe(
        "open/+", mqtt.QoS.AT_LEAST_ONCE, lambda topic, payload, **_: received.put((topic, payload))
    )
    check(done.result(DEADLINE_S)["qos"] == mqtt.QoS.AT_LEAST_ONCE, "subscribed at QoS 1")
    done, _ = connection.publish("open/a", b"hello", mqtt.QoS.AT_LEAST_ONCE)
    done.result(DEADLINE_S)
    check(received.get(timeout=DEADLINE_S) == ("open/a", b"hello"), "a message came back")
    return connection, lambda: connection.disconnect().result(DEADLINE_S)


def messages_5():
    """A client over MQTT 5 that has sent itself a message with properties."""
    received, connected, stopped = queue.Queue(), queue.Queue(), threading.Event()
    client = mqtt5_client_builder.mtls_from_path(
        certificate,
        key,
        keep_alive_interval_sec=30,
        on_publish_received=lambda data: received.put(data.publish_packet),
        on_lifecycle_connection_success=lambda data: connected.put(data),
        on_lifecycle_connection_failure=lambda data: connected.put(data),
        on_lifecycle_stopped=lambda _: stopped.set(),
        **settings,
    )
    client.start()
    negotiated = connected.get(timeout=DEADLINE_S).negotiated_settings
    check(negotiated.maximum_qos == mqtt5.QoS.AT_LEAST_ONCE, "QoS 1 is the maximum")
    check(
        negotiated.retain_available and negotiated.wildcard_subscriptions_available,
        "retained messages and wildcards are available",
    )
    filters = [mqtt5.Subscription("open/+", mqtt5.QoS.AT_LEAST_ONCE)]
    suback = client.subscribe(mqtt5.SubscribePacket(filters)).result(DEADLINE_S)
    check(suback.reason_codes == [mqtt5.SubackReasonCode.GRANTED_QOS_1], "subscribed at QoS 1")
    packet = mqtt5.PublishPacket(
        topic="open/a",
        payload=b"hello",
        qos=mqtt5.QoS.AT_LEAST_ONCE,
        content_type="text/plain",
        correlation_data=b"1",
        response_topic="open/answer",
        user_properties=[mqtt5.UserProperty("k", "v")],
    )
    done = client.publish(packet).result(DEADLINE_S)
    check(done.puback.reason_code == mqtt5.PubackReasonCode.SUCCESS, "published at QoS 1")
    got = received.get(timeout=DEADLINE_S)
    properties = [(p.name, p.value) for p in got.user_properties]
    check(
        (got.topic, got.payload, got.content_type) == ("open/a", b"hello", "text/plain"),
        "a message came back",
    )
    check(
        (got.response_topic, got.correlation_data_bytes, properties)
        == ("open/answer", b"1", [("k", "v")]),
        "with its properties",
    )
    refused = client.subscribe(
        mqtt5.SubscribePacket([mqtt5.Subscription("secret", mqtt5.QoS.AT_LEAST_ONCE)])
    )
    check(
        refused.result(DEADLINE_S).reason_codes == [mqtt5.SubackReasonCode.NOT_AUTHORIZED],
        "a filter that no policy allows is not authorised",
    )

    def end():
        client.stop()
        check(stopped.wait(DEADLINE_S), "stopped")

    return client, end


def first_shadow_client(connection):
    """The original shadow client: subscribe to answers, publish requests."""
    client = iotshadow.IotShadowClient(connection)
    answers, deltas = queue.Queue(), queue.Queue()
    qos = mqtt.QoS.AT_LEAST_ONCE
    name = {"thing_name": thing}
    for subscribe, request, put in [
        (
            client.subscribe_to_get_shadow_accepted,
            iotshadow.GetShadowSubscriptionRequest,
            answers.put,
        ),
        (
            client.subscribe_to_get_shadow_rejected,
            iotshadow.GetShadowSubscriptionRequest,
            answers.put,
        ),
        (
            client.subscribe_to_update_shadow_accepted,
            iotshadow.UpdateShadowSubscriptionRequest,
            answers.put,
        ),
        (
            client.subscribe_to_shadow_delta_updated_events,
            iotshadow.ShadowDeltaUpdatedSubscriptionRequest,
            deltas.put,
        ),
    ]:
        done, _ = subscribe(request(**name), qos, put)
        done.result(DEADLINE_S)

    def ask(publish, request):
        publish(request, qos).result(DEADLINE_S)
        return answers.get(timeout=DEADLINE_S)

    rejected = ask(client.publish_get_shadow, iotshadow.GetShadowRequest(client_token="t0", **name))
    check(
        (rejected.code, rejected.client_token) == (404, "t0"),
        "a missing shadow is rejected with 404",
    )
    state = iotshadow.ShadowState(desired={"mode": "warm"}, reported={"mode": "cold"})
    accepted = ask(
        client.publish_update_shadow,
        iotshadow.UpdateShadowRequest(state=state, client_token="t1", **name),
    )
    check((accepted.version, accepted.client_token) == (1, "t1"), "an update is accepted")
    check(deltas.get(timeout=DEADLINE_S).state == {"mode": "warm"}, "and its delta arrives")
    shadow = ask(client.publish_get_shadow, iotshadow.GetShadowRequest(**name))
    check(
        (shadow.state.reported, shadow.state.delta) == ({"mode": "cold"}, {"mode": "warm"}),
        "the shadow is read",
    )


def second_shadow_client(connection):
    """The newer client: requests with futures, events as streams; on a named shadow."""
    options = mqtt_request_response.ClientOptions(
        max_request_response_subscriptions=4,
        max_streaming_subscriptions=4,
        operation_timeout_in_seconds=DEADLINE_S,
    )
    client = iotshadow.IotShadowClientV2(connection, options)
    name = {"thing_name": thing, "shadow_name": "lamp"}
    deltas, subscribed = queue.Queue(), threading.Event()
    stream = client.create_named_shadow_delta_updated_stream(
        iotshadow.NamedShadowDeltaUpdatedSubscriptionRequest(**name),
        ServiceStreamOptions(
            incoming_event_listener=deltas.put,
            subscription_status_listener=lambda _: subscribed.set(),
        ),
    )
    stream.open()
    check(subscribed.wait(DEADLINE_S), "the stream of deltas is open")
    state = iotshadow.ShadowState(desired={"on": True})
    updated = client.update_named_shadow(
        iotshadow.UpdateNamedShadowRequest(state=state, **name)
    ).result(DEADLINE_S)
    check(updated.version == 1, "a named shadow is updated")
    check(deltas.get(timeout=DEADLINE_S).state == {"on": True}, "and its delta arrives")
    shadow = client.get_named_shadow(iotshadow.GetNamedShadowRequest(**name)).result(DEADLINE_S)
    check(shadow.state.desired == {"on": True}, "and read")
    client.delete_named_shadow(iotshadow.DeleteNamedShadowRequest(**name)).result(DEADLINE_S)
    error = client.get_named_shadow(iotshadow.GetNamedShadowRequest(**name)).exception(DEADLINE_S)
    check(error.modeled_error.code == 404, "and deleted")


connection, end = messages_3() if sys.argv[3] == "3" else messages_5()
if sys.argv[3] == "3":
    first_shadow_client(connection)
second_shadow_client(connection)
end()
