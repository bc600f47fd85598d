"""boto3's SNS client: publishes, reads topics, and gets errors by name.

usage: sns_client.py READY_FILE
"""

import json
import urllib.request

import boto3

from ready import READY, check


def client(secret=READY["credentials"]["secretAccessKey"]):
    return boto3.client(
        "sns",
        endpoint_url=READY["iot"],
        region_name=READY["region"],
        aws_access_key_id=READY["credentials"]["accessKeyId"],
        aws_secret_access_key=secret,
    )


def refused(exception, call, **arguments):
    """The message of the exception that a call must raise."""
    try:
        call(**arguments)
    except exception as error:
        return error.response["Error"]["Message"]
    raise AssertionError(f"{arguments} was not refused")


sns = client()
errors = sns.exceptions
arn = sns.list_topics()["Topics"][0]["TopicArn"]
check(arn.endswith(":alerts"), "topics are listed")
attributes = {
    "kind": {"DataType": "String", "StringValue": "storm"},
    "level": {"DataType": "Number", "StringValue": "3"},
    "raw": {"DataType": "Binary", "BinaryValue": b"bytes"},
}
published = sns.publish(
    TopicArn=arn, Subject="A <storm>", Message="It comes & goes: ü", MessageAttributes=attributes
)
with urllib.request.urlopen(READY["iot"] + "/notifications") as answer:
    notification = json.load(answer)[-1]
check(len(published["MessageId"]) == 36, "a publication has an id")
check(notification["subject"] == "A <storm>", "the subject arrives")
check(notification["message"] == "It comes & goes: ü", "the message arrives")
check(
    notification["attributes"] == {"kind": "storm", "level": "3", "raw": "Ynl0ZXM="},
    "the attributes arrive",
)
values = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
check(values["SubscriptionsPending"] == "1", "attributes of a topic are a map")
check(json.loads(values["Policy"])["Statement"], "the policy is JSON")
subscription = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"][0]
check(subscription["Endpoint"] == "reader@example.com", "subscriptions are listed")
text = refused(errors.InvalidParameterException, sns.publish, TopicArn=arn, Message="")
check(text == "Invalid parameter: Empty message", "an empty message is refused by name")
text = refused(
    errors.InvalidParameterException, sns.publish, TopicArn=arn, Message="m", Subject="a\nb"
)
check(text == "Invalid parameter: Subject", "a subject of two lines is refused by name")
text = refused(errors.NotFoundException, sns.publish, TopicArn=arn + "x", Message="m")
check(text == "Topic does not exist", "a missing topic is not found")
wrong = client(secret="wrong")
refused(errors.ClientError, wrong.list_topics)
