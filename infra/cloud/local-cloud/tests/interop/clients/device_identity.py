"""AWS IoT Device SDK for Python v2: its identity clients provision devices with a claim.

usage: device_identity.py READY_FILE CERTIFICATE_FILE KEY_FILE

The thing `made` and the files are left for another client.
"""

import json
import queue
import sys

import boto3
from awscrt import mqtt, mqtt_request_response
from awsiot import iotidentity, mqtt_connection_builder

from ready import CA, DEADLINE_S, HOST, PORT, READY, check

# Made by `openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=device`.
CSR = """-----BEGIN CERTIFICATE REQUEST-----
MIHKMHMCAQAwETEPMA0GA1UEAwwGZGV2aWNlMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEnT2gCqw7Tkr7LSohg71sz4vUosmourcC8k44fe7WIXlOkhNd1XzDmTOB
fq5h0tZn1w5kMyJhkAhnme8Qn2mqu6AAMAoGCCqGSM49BAMCA0cAMEQCIBiEggjO
HvfVXSQ66MehZ95EYfA48Y9LJ4a+otBdqywbAiA/4q/V4/mUqsqp8ao15OHL+hIv
9iBmyM3tOD6u5+78ZA==
-----END CERTIFICATE REQUEST-----
"""
TEMPLATE = {
    "Parameters": {
        "SerialNumber": {"Type": "String"},
        "AWS::IoT::Certificate::Id": {"Type": "String"},
    },
    "Resources": {
        "thing": {
            "Type": "AWS::IoT::Thing",
            "Properties": {"ThingName": {"Ref": "SerialNumber"}, "AttributePayload": {"a": "b"}},
        },
        "certificate": {
            "Type": "AWS::IoT::Certificate",
            "Properties": {
                "CertificateId": {"Ref": "AWS::IoT::Certificate::Id"},
                "Status": "Active",
            },
        },
        "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "device"}},
    },
    "DeviceConfiguration": {"interval": "5"},
}

iot = boto3.client(
    "iot",
    endpoint_url=READY["iot"],
    region_name=READY["region"],
    aws_access_key_id=READY["credentials"]["accessKeyId"],
    aws_secret_access_key=READY["credentials"]["secretAccessKey"],
)
iot.create_provisioning_template(
    templateName="fleet",
    templateBody=json.dumps(TEMPLATE),
    enabled=True,
    provisioningRoleArn="arn:aws:iam::123456789012:role/provisioning",
)
claim = iot.create_provisioning_claim(templateName="fleet")
check(claim["expiration"].year > 2000, "boto3 makes a template and a claim")
connection = mqtt_connection_builder.mtls_from_bytes(
    claim["certificatePem"].encode(),
    claim["keyPair"]["PrivateKey"].encode(),
    endpoint=HOST,
    port=PORT,
    ca_filepath=CA,
    client_id="new",
    clean_session=True,
    keep_alive_secs=30,
)
connection.connect().result(DEADLINE_S)


def first_identity_client():
    """The original client: keys of the service, for the thing `made`."""
    client = iotidentity.IotIdentityClient(connection)
    qos, answers = mqtt.QoS.AT_LEAST_ONCE, queue.Queue()
    for subscribe, request in [
        (
            client.subscribe_to_create_keys_and_certificate_accepted,
            iotidentity.CreateKeysAndCertificateSubscriptionRequest(),
        ),
        (
            client.subscribe_to_create_keys_and_certificate_rejected,
            iotidentity.CreateKeysAndCertificateSubscriptionRequest(),
        ),
        (
            client.subscribe_to_register_thing_accepted,
            iotidentity.RegisterThingSubscriptionRequest(template_name="fleet"),
        ),
        (
            client.subscribe_to_register_thing_rejected,
            iotidentity.RegisterThingSubscriptionRequest(template_name="fleet"),
        ),
    ]:
        done, _ = subscribe(request, qos, answers.put)
        done.result(DEADLINE_S)

    def ask(publish, request):
        publish(request, qos).result(DEADLINE_S)
        return answers.get(timeout=DEADLINE_S)

    keys = ask(
        client.publish_create_keys_and_certificate, iotidentity.CreateKeysAndCertificateRequest()
    )
    check("PRIVATE KEY" in keys.private_key, "the service makes keys")
    refused = ask(
        client.publish_register_thing,
        iotidentity.RegisterThingRequest(
            template_name="fleet", certificate_ownership_token="", parameters={}
        ),
    )
    check(
        (refused.status_code, refused.error_code) == (400, "InvalidCertificateOwnershipToken"),
        "a registration without the token is rejected",
    )
    registered = ask(
        client.publish_register_thing,
        iotidentity.RegisterThingRequest(
            template_name="fleet",
            certificate_ownership_token=keys.certificate_ownership_token,
            parameters={"SerialNumber": "made"},
        ),
    )
    check(registered.thing_name == "made", "the thing is registered")
    check(registered.device_configuration == {"interval": "5"}, "with its configuration")
    for path, text in zip(sys.argv[2:], [keys.certificate_pem, keys.private_key]):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def second_identity_client():
    """The newer client: a signing request, for another thing."""
    options = mqtt_request_response.ClientOptions(
        max_request_response_subscriptions=4,
        max_streaming_subscriptions=2,
        operation_timeout_in_seconds=DEADLINE_S,
    )
    client = iotidentity.IotIdentityClientV2(connection, options)
    made = client.create_certificate_from_csr(
        iotidentity.CreateCertificateFromCsrRequest(certificate_signing_request=CSR)
    ).result(DEADLINE_S)
    check("BEGIN CERTIFICATE" in made.certificate_pem, "a signing request is signed")
    register = {
        "template_name": "fleet",
        "certificate_ownership_token": made.certificate_ownership_token,
    }
    error = client.register_thing(
        iotidentity.RegisterThingRequest(parameters={}, **register)
    ).exception(DEADLINE_S)
    check(error.modeled_error.status_code == 400, "a missing parameter is rejected")
    registered = client.register_thing(
        iotidentity.RegisterThingRequest(parameters={"SerialNumber": "other"}, **register)
    ).result(DEADLINE_S)
    check(registered.thing_name == "other", "the other thing is registered")
    principals = iot.list_thing_principals(thingName="other")["principals"]
    check(principals[0].endswith(made.certificate_id), "boto3 sees its certificate")


first_identity_client()
second_identity_client()
connection.disconnect().result(DEADLINE_S)
