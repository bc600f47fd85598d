"""Policy documents and certificates, tried by real connections.

Must not know: which broker decides.
"""

import datetime
import json
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from device import Device, Identity, Refused, issue

CASES = pathlib.Path(__file__).with_name("policy-cases.json")
# How long a message is waited for that should not come.
SILENCE_S = 1.0


def run(peer):
    """Yields (group, case, what is wrong or None)."""
    if peer.broker is None:
        return
    for case in json.loads(CASES.read_text(encoding="utf-8"))["cases"]:
        thing = case.get("thing", f"thing-of-{case['name']}")
        try:
            document = {"Version": "2012-10-17", "Statement": case["statements"]}
            document = json.loads(json.dumps(document).replace("<thing>", thing))
            attached = thing if case.get("attached", True) else None
            identity = issue(peer, case["name"], document, thing=attached)
        except Exception as error:  # The refusal of a valid policy is a wrong answer like others.
            for check in case["checks"]:
                yield "policies", label(case, check), f"cannot be set up: {error}"
            continue
        for check in case["checks"]:
            check = json.loads(json.dumps(check).replace("<thing>", thing))
            client_id = check.get("as", case.get("client", "<thing>").replace("<thing>", thing))
            allowed = is_allowed(peer, identity, client_id, check)
            wrong = None if allowed == check["allowed"] else f"allowed: {allowed}"
            yield "policies", label(case, check), wrong
    yield from certificates(peer)


def label(case, check):
    what = ", ".join(f"{k} {v}" for k, v in check.items() if k != "allowed")
    return f"{case['name']}: {what}"


def is_allowed(peer, identity, client_id, check):
    try:
        with Device(peer, identity, client_id) as device:
            if "subscribe" in check:
                device.subscribe(check["subscribe"])
            if "publish" in check:
                device.publish(check["publish"], "{}", retain=check.get("retain", False))
            if "receive" in check:
                device.subscribe(check.get("by", check["receive"]))
                data = peer.client("iot-data")
                data.publish(topic=check["receive"], qos=1, payload=b"{}")
                return device.message(SILENCE_S) is not None
    except Refused:
        return False
    return True


def certificates(peer):
    """Who may connect at all."""
    everything = json.loads(CASES.read_text(encoding="utf-8"))["everything"]
    good = issue(peer, "good", everything)
    ended = issue(peer, "ended", everything)
    rows = [
        ("an active certificate with a policy", good, True),
        ("no certificate", Identity(), False),
        ("a certificate of an unknown authority", foreign(peer.folder), False),
        ("an inactive certificate", issue(peer, "inactive", everything, active=False), False),
        ("a certificate without a policy", issue(peer, "bare"), False),
        ("a certificate before it is revoked", ended, True),
    ]
    for what, identity, allowed in rows:
        yield "certificates", what, connects(peer, identity, allowed)
    iot = peer.client("iot")
    iot.update_certificate(certificateId=ended.number, newStatus="REVOKED")
    yield "certificates", "the same once it is revoked", connects(peer, ended, False)
    iot.detach_policy(policyName="good", target=good.arn)
    yield "certificates", "a certificate whose policy was detached", connects(peer, good, False)


def connects(peer, identity, allowed):
    is_in = is_allowed(peer, identity, "client", {})
    return None if is_in == allowed else f"connects: {is_in}"


def foreign(folder):
    """A certificate that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "foreign")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / "foreign.cert.pem", folder / "foreign.key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    private.write_bytes(key.private_bytes(*form, serialization.NoEncryption()))
    return Identity(str(cert), str(private))
