"""boto3: provisions a device, uses the data plane and a table, and gets errors by name.

usage: boto3_client.py READY_FILE CERTIFICATE_FILE KEY_FILE; the files are written for thing `made`.
"""

import json
import sys

import boto3
from botocore.exceptions import ClientError

from ready import READY, check


def client(service, endpoint, secret=READY["credentials"]["secretAccessKey"]):
    return boto3.client(
        service,
        endpoint_url=READY[endpoint],
        region_name=READY["region"],
        aws_access_key_id=READY["credentials"]["accessKeyId"],
        aws_secret_access_key=secret,
    )


def refusal(call, **arguments):
    """Name and body of the error that a call raises."""
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response
    return None, None


def provision(iot):
    iot.create_thing(thingName="made", attributePayload={"attributes": {"room": "1"}})
    code, response = refusal(iot.create_thing, thingName="made")
    check(
        code == "ResourceAlreadyExistsException", "a thing with other attributes is refused by name"
    )
    check(response["resourceId"] == "made", "and the refusal names the existing thing")
    issued = iot.create_keys_and_certificate(setAsActive=True)
    arn = issued["certificateArn"]
    iot.attach_policy(policyName="device", target=arn)
    iot.detach_policy(policyName="device", target=arn)
    iot.attach_principal_policy(policyName="device", principal=arn)
    attached = iot.list_attached_policies(target=arn)["policies"]
    check(
        [p["policyName"] for p in attached] == ["device"],
        "the policy is attached, by either operation",
    )
    check(
        iot.list_targets_for_policy(policyName="device")["targets"].count(arn) == 1,
        "and listed from its side",
    )
    iot.attach_thing_principal(thingName="made", principal=arn)
    check(
        iot.list_principal_things(principal=arn)["things"] == ["made"],
        "the certificate is attached",
    )
    described = iot.describe_certificate(certificateId=issued["certificateId"])[
        "certificateDescription"
    ]
    check(
        described["status"] == "ACTIVE" and described["validity"]["notAfter"].year == 2049,
        "the certificate is described",
    )
    code, _ = refusal(iot.delete_certificate, certificateId=issued["certificateId"])
    check(code == "CertificateStateException", "an active certificate is not deleted")
    for path, text in [
        (sys.argv[2], issued["certificatePem"]),
        (sys.argv[3], issued["keyPair"]["PrivateKey"]),
    ]:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def list_in_pages(iot):
    for number in range(5):
        iot.create_thing(thingName=f"page-{number}")
    pages = iot.get_paginator("list_things").paginate(PaginationConfig={"PageSize": 2})
    names = [thing["thingName"] for page in pages for thing in page["things"]]
    check(
        [n for n in names if n.startswith("page-")] == [f"page-{n}" for n in range(5)],
        "things come in pages",
    )
    iot.update_thing(
        thingName="page-0", attributePayload={"attributes": {"a": "b"}}, expectedVersion=1
    )
    code, _ = refusal(iot.delete_thing, thingName="page-0", expectedVersion=1)
    check(code == "VersionConflictException", "a thing with a newer version is not deleted")


def use_shadow(data):
    state = {"state": {"desired": {"mode": "warm"}}}
    answer = data.update_thing_shadow(thingName="made", payload=json.dumps(state))
    check(json.load(answer["payload"])["version"] == 1, "a shadow is updated")
    shadow = json.load(data.get_thing_shadow(thingName="made")["payload"])
    check(shadow["state"]["delta"] == {"mode": "warm"}, "and read with its delta")
    data.update_thing_shadow(thingName="made", shadowName="lamp", payload=json.dumps(state))
    names = data.list_named_shadows_for_thing(thingName="made")["results"]
    check(names == ["lamp"], "named shadows are listed")
    stale = json.dumps({**state, "version": 7})
    code, _ = refusal(data.update_thing_shadow, thingName="made", payload=stale)
    check(code == "ConflictException", "another version is a conflict")
    data.delete_thing_shadow(thingName="made")
    code, _ = refusal(data.get_thing_shadow, thingName="made")
    check(code == "ResourceNotFoundException", "a deleted shadow is not found")


def publish(data):
    names = [{"name": "alpha"}, {"count": "45"}]
    data.publish(topic="open/kept", qos=1, retain=True, payload=b"still here", userProperties=names)
    kept = data.get_retained_message(topic="open/kept")
    check((kept["payload"], kept["qos"]) == (b"still here", 1), "a retained message is read")
    check(json.loads(kept["userProperties"]) == names, "with its user properties")
    data.publish(topic="open/kept-0", retain=True, payload=b"0")
    pages = data.get_paginator("list_retained_messages").paginate(PaginationConfig={"PageSize": 1})
    topics = [message["topic"] for page in pages for message in page["retainedTopics"]]
    check(topics == ["open/kept", "open/kept-0"], "retained messages come in pages")
    for call, arguments in [
        (data.get_retained_message, {"topic": "open/never"}),
        (data.get_connection, {"clientId": "nobody"}),
        (
            data.delete_connection,
            {"clientId": "nobody", "cleanSession": True, "preventWillMessage": True},
        ),
        (data.list_subscriptions, {"clientId": "nobody"}),
        (
            data.send_direct_message,
            {"clientId": "nobody", "topic": "open/a", "confirmation": True, "timeout": 1},
        ),
    ]:
        code, _ = refusal(call, **arguments)
        check(code == "ResourceNotFoundException", f"missing resources are not found: {arguments}")


def use_table(table):
    key = {"pk": {"S": "a"}}
    table.put_item(TableName="items", Item={**key, "n": {"N": "1"}})
    check(table.get_item(TableName="items", Key=key)["Item"]["n"]["N"] == "1", "an item is kept")
    code, _ = refusal(
        table.put_item, TableName="items", Item=key, ConditionExpression="attribute_not_exists(pk)"
    )
    check(code == "ConditionalCheckFailedException", "a false condition is refused by name")


def read_stream(streams):
    """Reads the changes that `use_table` made."""
    arn = streams.list_streams(TableName="items")["Streams"][0]["StreamArn"]
    check(":table/items/stream/" in arn and READY["region"] in arn, f"the stream has an ARN: {arn}")
    stream = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    check(stream["StreamViewType"] == "NEW_IMAGE", "and its view")
    iterator = streams.get_shard_iterator(
        StreamArn=arn,
        ShardId=stream["Shards"][0]["ShardId"],
        ShardIteratorType="TRIM_HORIZON",
    )["ShardIterator"]
    records = streams.get_records(ShardIterator=iterator)["Records"]
    keys = [record["dynamodb"]["Keys"] for record in records]
    check(keys and all(keys), "its records name the items that changed")
    regions = {record["awsRegion"] for record in records}
    check(regions == {READY["region"]}, "and the region")
    numbers = [int(r["dynamodb"]["SequenceNumber"]) for r in records]
    check(numbers == sorted(numbers), "in the order of the changes")


def forge():
    for service, endpoint, call, arguments, name in [
        ("iot", "iot", "list_things", {}, "InvalidSignatureException"),
        ("iot-data", "iotData", "get_thing_shadow", {"thingName": "made"}, "ForbiddenException"),
        ("dynamodb", "dynamodb", "list_tables", {}, "InvalidSignatureException"),
    ]:
        code, _ = refusal(getattr(client(service, endpoint, secret="wrong"), call), **arguments)
        check(code == name, f"{service} refuses a wrong signature: {code}")


provision(client("iot", "iot"))
list_in_pages(client("iot", "iot"))
use_shadow(client("iot-data", "iotData"))
publish(client("iot-data", "iotData"))
use_table(client("dynamodb", "dynamodb"))
read_stream(client("dynamodbstreams", "dynamodb"))
forge()
