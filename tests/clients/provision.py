"""Registers a device with boto3, as its owner would in AWS.

usage: provision.py READY_FILE THING POLICY CERTIFICATE_FILE KEY_FILE

Prints the endpoint to which the device connects.
"""
import json
import sys

import boto3

ready_file, thing, policy, certificate_file, key_file = sys.argv[1:]
with open(ready_file, encoding="utf-8") as file:
    ready = json.load(file)
iot = boto3.client(
    "iot",
    endpoint_url=ready["iot"],
    region_name=ready["region"],
    aws_access_key_id=ready["credentials"]["accessKeyId"],
    aws_secret_access_key=ready["credentials"]["secretAccessKey"],
)
iot.create_thing(thingName=thing)
assert iot.describe_thing(thingName=thing)["thingName"] == thing
issued = iot.create_keys_and_certificate(setAsActive=True)
iot.attach_policy(policyName=policy, target=issued["certificateArn"])
iot.attach_thing_principal(thingName=thing, principal=issued["certificateArn"])
files = {
    certificate_file: issued["certificatePem"],
    key_file: issued["keyPair"]["PrivateKey"],
}
for path, text in files.items():
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
print(iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"])
