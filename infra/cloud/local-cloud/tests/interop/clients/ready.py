"""The ready file, named by the first argument of each client, and the deadline of every wait."""

import json
import sys

DEADLINE_S = 20

with open(sys.argv[1], encoding="utf-8") as file:
    READY = json.load(file)

HOST = "localhost"
PORT = int(READY["mqtts"].rsplit(":", 1)[1])
CA = READY["ca"]


def files_of(thing):
    """Certificate and key of a thing."""
    return READY["things"][thing]["cert"], READY["things"][thing]["key"]


def check(condition, what):
    """Prints the result of one step; after a failure the step is the last line."""
    print(("ok: " if condition else "FAILED: ") + what, flush=True)
    if not condition:
        sys.exit(1)
