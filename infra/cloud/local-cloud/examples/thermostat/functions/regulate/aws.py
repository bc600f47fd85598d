"""Two calls of AWS, signed (Signature Version 4) with the credentials in the environment."""
import datetime
import hashlib
import hmac
import json
import os
import urllib.error
import urllib.parse
import urllib.request

REGION = os.environ["AWS_REGION"]


def dynamodb(operation, body):
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
    }
    default = f"https://dynamodb.{REGION}.amazonaws.com"
    endpoint = os.environ.get("AWS_ENDPOINT_URL_DYNAMODB", default)
    return call("dynamodb", f"{endpoint}/", headers, json.dumps(body).encode())


def publish(topic, message):
    # In AWS each account has its own data endpoint: give it to the function as
    # AWS_ENDPOINT_URL_IOT_DATA_PLANE.
    endpoint = os.environ["AWS_ENDPOINT_URL_IOT_DATA_PLANE"]
    path = "/topics/" + urllib.parse.quote(topic, safe="")
    return call("iotdata", f"{endpoint}{path}?qos=1", {}, json.dumps(message).encode())


def call(service, url, headers, body):
    request = urllib.request.Request(url, data=body, headers=signed(service, url, headers, body))
    try:
        with urllib.request.urlopen(request) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{service}: {error.code} {error.read().decode()}") from error


def signed(service, url, headers, body):
    parts = urllib.parse.urlsplit(url)
    time = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    headers = headers | {
        "Host": parts.netloc,
        "X-Amz-Date": time,
        "X-Amz-Security-Token": os.environ["AWS_SESSION_TOKEN"],
    }
    lower = {name.lower(): value for name, value in headers.items()}
    names = ";".join(sorted(lower))
    canonical = "\n".join(
        [
            "POST",
            urllib.parse.quote(parts.path, safe="/-_.~"),
            parts.query,
            *(f"{name}:{lower[name]}" for name in sorted(lower)),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = f"{time[:8]}/{REGION}/{service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", time, scope, digest])
    key = f"AWS4{os.environ['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    credential = f"{os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={credential}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    return headers | {"Authorization": authorization}
