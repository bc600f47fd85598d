"""AWS IoT Device SDK for Python v2: its jobs clients, over MQTT 3.1.1 or 5; boto3 makes the jobs.

usage: device_jobs.py READY_FILE THING 3|5
"""

import json
import queue
import sys
import threading

import boto3
from awscrt import mqtt, mqtt_request_response
from awsiot import ServiceStreamOptions, iotjobs, mqtt5_client_builder, mqtt_connection_builder

from ready import CA, DEADLINE_S, HOST, PORT, READY, check, files_of

thing = sys.argv[2]
certificate, key = files_of(thing)
settings = {"endpoint": HOST, "port": PORT, "ca_filepath": CA, "client_id": thing}
iot = boto3.client(
    "iot",
    endpoint_url=READY["iot"],
    region_name=READY["region"],
    aws_access_key_id=READY["credentials"]["accessKeyId"],
    aws_secret_access_key=READY["credentials"]["secretAccessKey"],
)


def create(job_id):
    """A job for the thing."""
    arn = iot.describe_thing(thingName=thing)["thingArn"]
    made = iot.create_job(
        jobId=job_id, targets=[arn], document=json.dumps({"name": job_id}), description="d"
    )
    check(made["jobId"] == job_id, "boto3 creates a job")


def connect_3():
    connection = mqtt_connection_builder.mtls_from_path(
        certificate, key, clean_session=True, keep_alive_secs=30, **settings
    )
    connection.connect().result(DEADLINE_S)
    return connection, lambda: connection.disconnect().result(DEADLINE_S)


def connect_5():
    connected, stopped = queue.Queue(), threading.Event()
    client = mqtt5_client_builder.mtls_from_path(
        certificate,
        key,
        keep_alive_interval_sec=30,
        on_lifecycle_connection_success=connected.put,
        on_lifecycle_stopped=lambda _: stopped.set(),
        **settings,
    )
    client.start()
    connected.get(timeout=DEADLINE_S)

    def end():
        client.stop()
        check(stopped.wait(DEADLINE_S), "stopped")

    return client, end


def first_jobs_client(connection):
    """The original client: subscribe to answers, publish requests."""
    client = iotjobs.IotJobsClient(connection)
    qos, name = mqtt.QoS.AT_LEAST_ONCE, {"thing_name": thing}
    received = queue.Queue()
    for subscribe, request in [
        (
            client.subscribe_to_next_job_execution_changed_events,
            iotjobs.NextJobExecutionChangedSubscriptionRequest(**name),
        ),
        (
            client.subscribe_to_start_next_pending_job_execution_accepted,
            iotjobs.StartNextPendingJobExecutionSubscriptionRequest(**name),
        ),
        (
            client.subscribe_to_update_job_execution_accepted,
            iotjobs.UpdateJobExecutionSubscriptionRequest(job_id="one", **name),
        ),
        (
            client.subscribe_to_update_job_execution_rejected,
            iotjobs.UpdateJobExecutionSubscriptionRequest(job_id="one", **name),
        ),
    ]:
        done, _ = subscribe(request, qos, received.put)
        done.result(DEADLINE_S)
    create("one")
    event = received.get(timeout=DEADLINE_S)
    check(event.execution.job_id == "one", "a new job is announced")
    check(event.execution.job_document == {"name": "one"}, "with its document")

    def ask(publish, request):
        publish(request, qos).result(DEADLINE_S)
        return received.get(timeout=DEADLINE_S)

    started = ask(
        client.publish_start_next_pending_job_execution,
        iotjobs.StartNextPendingJobExecutionRequest(client_token="t0", **name),
    )
    check(
        (started.client_token, started.execution.status) == ("t0", "IN_PROGRESS"),
        "the job is started",
    )
    refused = ask(
        client.publish_update_job_execution,
        iotjobs.UpdateJobExecutionRequest(
            job_id="one", status="SUCCEEDED", expected_version=9, client_token="t1", **name
        ),
    )
    check(
        (refused.code, refused.execution_state.version_number) == ("VersionMismatch", 2),
        "an update of another version is rejected",
    )
    publish = client.publish_update_job_execution
    request = iotjobs.UpdateJobExecutionRequest(job_id="one", status="SUCCEEDED", **name)
    publish(request, qos).result(DEADLINE_S)
    kinds = {type(received.get(timeout=DEADLINE_S)).__name__ for _ in range(2)}
    check(
        kinds == {"UpdateJobExecutionResponse", "NextJobExecutionChangedEvent"},
        "the job is finished, and the next one has changed",
    )


def second_jobs_client(connection):
    """The newer client: requests with futures, events as streams."""
    options = mqtt_request_response.ClientOptions(
        max_request_response_subscriptions=4,
        max_streaming_subscriptions=4,
        operation_timeout_in_seconds=DEADLINE_S,
    )
    client = iotjobs.IotJobsClientV2(connection, options)
    name = {"thing_name": thing}
    received, subscribed = queue.Queue(), queue.Queue()
    # A stream ends when nobody holds it, and must end before its connection.
    streams = []
    for create_stream, request in [
        (
            client.create_job_executions_changed_stream,
            iotjobs.JobExecutionsChangedSubscriptionRequest(**name),
        ),
        (
            client.create_next_job_execution_changed_stream,
            iotjobs.NextJobExecutionChangedSubscriptionRequest(**name),
        ),
    ]:
        stream = create_stream(
            request,
            ServiceStreamOptions(
                incoming_event_listener=received.put, subscription_status_listener=subscribed.put
            ),
        )
        stream.open()
        streams.append(stream)
        subscribed.get(timeout=DEADLINE_S)
    create("two")
    listed, following = received.get(timeout=DEADLINE_S), received.get(timeout=DEADLINE_S)
    check([job.job_id for job in listed.jobs["QUEUED"]] == ["two"], "the stream has the new job")
    check(following.execution.job_id == "two", "and so has the stream of the next one")

    pending = client.get_pending_job_executions(
        iotjobs.GetPendingJobExecutionsRequest(**name)
    ).result(DEADLINE_S)
    check([job.job_id for job in pending.queued_jobs] == ["two"], "the job is pending")
    described = client.describe_job_execution(
        iotjobs.DescribeJobExecutionRequest(job_id="$next", **name)
    ).result(DEADLINE_S)
    check(described.execution.job_document == {"name": "two"}, "$next is described")
    started = client.start_next_pending_job_execution(
        iotjobs.StartNextPendingJobExecutionRequest(status_details={"step": "1"}, **name)
    ).result(DEADLINE_S)
    check(started.execution.status_details == {"step": "1"}, "the job is started")
    updated = client.update_job_execution(
        iotjobs.UpdateJobExecutionRequest(
            job_id="two",
            status="SUCCEEDED",
            expected_version=started.execution.version_number,
            include_job_execution_state=True,
            **name,
        )
    ).result(DEADLINE_S)
    check(updated.execution_state.status == "SUCCEEDED", "and finished")
    error = client.update_job_execution(
        iotjobs.UpdateJobExecutionRequest(job_id="two", status="IN_PROGRESS", **name)
    ).exception(DEADLINE_S)
    check(
        error.modeled_error.code == iotjobs.RejectedErrorCode.INVALID_STATE_TRANSITION,
        "a finished job cannot be started again",
    )
    check(error.modeled_error.execution_state.status == "SUCCEEDED", "the refusal says why")
    execution = iot.describe_job_execution(jobId="two", thingName=thing)["execution"]
    check(execution["status"] == "SUCCEEDED", "boto3 sees it")


is_5 = sys.argv[3] == "5"
connection, end = connect_5() if is_5 else connect_3()
if not is_5:
    first_jobs_client(connection)
second_jobs_client(connection)
end()
