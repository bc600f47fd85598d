"""Tries an installed program: the thermostat example answers a measurement, and Ctrl-C ends it.

usage: trial.py PROGRAM PACKAGE_FOLDER NEW_FOLDER, with a Python that has paho-mqtt.
"""

import json
import pathlib
import queue
import shutil
import signal
import subprocess
import sys
import time

import paho.mqtt.client as paho

START_S = 60
WAIT_S = 60


def main(program, package, folder):
    shutil.copytree(package / "examples/thermostat", folder / "thermostat")
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
    ready = folder / "ready.json"
    command = [program, "--template", "thermostat/template.yaml", "--thing", "attic=room"]
    command += ["--data-dir", "data", "--ready-file", str(ready)]
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_S
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit("trial: it was not ready in time, or it ended")
            time.sleep(0.05)
        answer = measure(json.loads(ready.read_text()))
        if answer != {"on": True, "target": 20.0}:
            sys.exit(f"trial: the function answered {answer}")
        process.send_signal(signal.SIGINT)
        if process.wait(WAIT_S) != 0:
            sys.exit(f"trial: it ended with {process.returncode}")
    finally:
        process.kill()
    if ready.exists():
        sys.exit("trial: it left its ready file")
    print(f"trial: {version.stdout.strip()} works")


def measure(ready):
    """What the heating gets after a cold measurement: through rule, function and table."""
    host, port = ready["mqtts"].split(":")
    files = ready["things"]["attic"]
    received, granted = queue.Queue(), queue.Queue()
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="attic")
    client.tls_set(ready["ca"], files["cert"], files["key"])
    client.on_message = lambda c, d, message: received.put(json.loads(message.payload))
    client.on_subscribe = lambda c, d, mid, reasons, p: granted.put(reasons)
    client.on_connect = lambda c, d, flags, reason, p: c.subscribe("rooms/attic/heating", qos=1)
    client.connect(host, int(port))
    client.loop_start()
    granted.get(timeout=WAIT_S)
    client.publish("rooms/attic/temperature", json.dumps({"degrees": 17.5}), qos=1)
    answer = received.get(timeout=WAIT_S)
    client.disconnect()
    client.loop_stop()
    return answer


if __name__ == "__main__":
    main(*(pathlib.Path(argument) for argument in sys.argv[1:]))
