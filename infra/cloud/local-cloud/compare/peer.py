"""The programs that are compared: how each is started, reached and ended.

Each runs in a folder of its own.

Must not know: the cases.
"""

import importlib.metadata
import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import boto3
from botocore.config import Config

REGION = "us-east-1"
START_S = 90
# Nothing is tried again: a case is what one request does.
CONFIG = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20)
POLICY = """AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Resources:
  Everything:
    Type: AWS::IoT::Policy
    Properties:
      PolicyName: nothing-yet
      PolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Deny, Action: 'iot:*', Resource: '*'}]
"""


class DidNotStart(Exception):
    """The program ended before it was ready; the text is what it wrote."""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Peer:
    """A program that runs until it is closed. `broker`: MQTT's host, port and CA file, or None."""

    broker = None
    rules = "CreateTopicRule"

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.folder.mkdir(parents=True)
        self.process = None
        self.clients = {}

    def run(self, command, is_ready, **environment):
        log = self.folder / "log"
        folder = str(self.folder)
        keep = {"PATH": os.environ["PATH"], "HOME": folder, "TMPDIR": folder}
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=keep | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        deadline = time.monotonic() + START_S
        while not is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.close()
                raise DidNotStart(log.read_text(errors="replace").strip())
            time.sleep(0.05)

    def client(self, service):
        """A client of a service, made once, since that takes longer than a request."""
        if service not in self.clients:
            self.clients[service] = boto3.client(
                service,
                endpoint_url=self.endpoint(service),
                region_name=REGION,
                aws_access_key_id=self.key[0],
                aws_secret_access_key=self.key[1],
                config=CONFIG,
            )
        return self.clients[service]

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.read()
    except (urllib.error.URLError, OSError):
        return None


class LocalCloud(Peer):
    """Ours. Its rules are those of the template."""

    name = "local-cloud"
    program = None
    rules = "template"

    def __init__(self, folder, template=POLICY):
        super().__init__(folder)
        (self.folder / "template.yaml").write_text(template)
        ready = self.folder / "ready.json"
        command = [self.program, "--memory", "--no-watch", "--log", "none"]
        command += ["--template", "template.yaml", "--ready-file", str(ready)]
        self.run(command, ready.exists)
        self.ready = json.loads(ready.read_text())
        keys = self.ready["credentials"]
        self.key = (keys["accessKeyId"], keys["secretAccessKey"])
        host, port = self.ready["mqtts"].rsplit(":", 1)
        self.broker = (host, int(port), self.ready["ca"])

    def endpoint(self, service):
        return self.ready[{"iot": "iot", "iot-data": "iotData"}[service]]

    @classmethod
    def version(cls):
        command = [cls.program, "--version"]
        said = subprocess.run(command, check=True, capture_output=True, text=True)
        return said.stdout.split()[-1]


class Moto(Peer):
    """Its server, with all defaults."""

    name = "moto"
    key = ("test", "test")

    def __init__(self, folder):
        super().__init__(folder)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        program = pathlib.Path(sys.executable).with_name("moto_server")
        command = [str(program), "-H", "127.0.0.1", "-p", str(port)]
        self.run(command, lambda: answers(f"{self.url}/moto-api/data.json") is not None)

    def endpoint(self, _service):
        return self.url

    @staticmethod
    def version():
        return importlib.metadata.version("moto")


class Ministack(Peer):
    """With AUTH=true, without which it enforces no policy."""

    name = "ministack"
    key = ("test", "test")

    def __init__(self, folder):
        super().__init__(folder)
        port, mqtts = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}"
        ca = self.folder / "ca.pem"
        program = pathlib.Path(sys.executable).with_name("ministack")

        def is_ready():
            pem = answers(f"{self.url}/_ministack/iot/ca.pem")
            if pem:
                ca.write_bytes(pem)
            return pem is not None

        self.run(
            [str(program)],
            is_ready,
            AUTH="true",
            BIND_HOST="127.0.0.1",
            GATEWAY_PORT=str(port),
            IOT_MTLS_PORT=str(mqtts),
            SFTP_ENABLED="0",
        )
        self.broker = ("localhost", mqtts, str(ca))

    def endpoint(self, _service):
        return self.url

    @staticmethod
    def version():
        return importlib.metadata.version("ministack")


PEERS = [LocalCloud, Moto, Ministack]
