"""boto3's clients of CloudFormation, Lambda and SQS: read what runs.

usage: operator_client.py READY_FILE
"""

import json
from datetime import datetime, timezone

import boto3

from ready import READY, check


def client(service, secret=READY["credentials"]["secretAccessKey"]):
    return boto3.client(
        service,
        endpoint_url=READY[service],
        region_name=READY["region"],
        aws_access_key_id=READY["credentials"]["accessKeyId"],
        aws_secret_access_key=secret,
    )


def refused(exception, call, **arguments):
    """Code and message of the exception that a call must raise."""
    try:
        call(**arguments)
    except exception as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    raise AssertionError(f"{arguments} was not refused")


def read_stack(formation):
    name = formation.describe_stacks()["Stacks"][0]["StackName"]
    stack = formation.describe_stacks(StackName=name)["Stacks"][0]
    check(stack["StackStatus"] == "CREATE_COMPLETE", "the stack is created")
    check(stack["CreationTime"] <= datetime.now(timezone.utc), "at a time in the past")
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    code, message = refused(
        formation.exceptions.ClientError, formation.describe_stacks, StackName="other"
    )
    check(code == "ValidationError" and "does not exist" in message, "no other stack exists")
    wrong = client("cloudformation", secret="wrong")
    code, _ = refused(wrong.exceptions.ClientError, wrong.describe_stacks)
    check(code == "SignatureDoesNotMatch", "a wrong signature is refused")
    return outputs


def read_function(functions):
    found = functions.get_function_configuration(FunctionName="regulate", Qualifier="live")
    check(found["State"] == "Active" and found["Version"] == "1", "a function is described")
    alias = functions.get_alias(FunctionName="regulate", Name="live")
    check(alias["FunctionVersion"] == "1", "its alias names its version")
    policy = functions.get_policy(FunctionName="regulate", Qualifier="live")["Policy"]
    statement = json.loads(policy)["Statement"][0]
    check(
        statement["Principal"] == {"Service": "iot.amazonaws.com"}, "its policy permits the rule"
    )
    missing = functions.exceptions.ResourceNotFoundException
    refused(missing, functions.get_alias, FunctionName="regulate", Name="dead")
    refused(missing, functions.get_policy, FunctionName="regulate")


def read_queue(queues, url):
    queues.send_message(QueueUrl=url, MessageBody="kept")
    names = ["ApproximateNumberOfMessages"]
    depth = queues.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    check(depth[names[0]] == "1", "the depth of a queue is read")
    message = queues.receive_message(QueueUrl=url)["Messages"][0]
    check(message["Body"] == "kept", "its message is received")
    queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def call_cloudwatch(watch):
    code, _ = refused(watch.exceptions.ClientError, watch.describe_alarms)
    check(code == "InvalidSignatureException", "boto3 calls CloudWatch in JSON, which is not here")


url = read_stack(client("cloudformation"))["QueueUrl"]
read_function(client("lambda"))
read_queue(client("sqs"), url)
call_cloudwatch(client("cloudwatch"))
