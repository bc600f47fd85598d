"""Runs the same cases against this local cloud, moto and ministack, and writes what each answered.

usage: compare.py --local-cloud PROGRAM --shadow-cases FILE --folder DIR --result FILE [--only PEER]

`cargo xtask compare` calls it. Each program is started here, in a new folder below DIR, and ended.
"""

import argparse
import collections
import datetime
import json
import pathlib
import re
import shutil
import sys

import policy
import rule
import shadow
from peer import PEERS, LocalCloud

TEXT_MAX = 200
GROUPS = {
    "shadow-rest": "device shadows by REST: recorded cases",
    "shadow-mqtt": "device shadows by MQTT: recorded cases",
    "policies": "IoT policies: connect, publish, subscribe, receive, retain",
    "certificates": "certificates: who may connect",
    "statements": "topic rules: clauses, operators, literals",
    "functions": "topic rules: a function of SQL each",
}


def outcomes(kind, folder, shadow_cases):
    with kind(folder / "shadow") as program:
        yield from shadow.run(program, shadow_cases)
    with kind(folder / "policy") as program:
        yield from policy.run(program)
    yield from rule.run(kind, folder / "rule")


def compare(kind, folder, shadow_cases):
    """What a program answered: by group, the number of right answers and the wrong ones."""
    groups = collections.defaultdict(lambda: {"right": 0, "wrong": {}})
    for group, case, wrong in outcomes(kind, folder, shadow_cases):
        if wrong is None:
            groups[group]["right"] += 1
        else:
            text = re.sub(r"\b[0-9]{10}\b", "<time>", " ".join(wrong.split()))
            groups[group]["wrong"][case] = text[:TEXT_MAX]
    return dict(groups)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--local-cloud", required=True, type=pathlib.Path)
    options.add_argument("--shadow-cases", required=True)
    options.add_argument("--folder", required=True, type=pathlib.Path)
    options.add_argument("--result", required=True, type=pathlib.Path)
    options.add_argument("--only")
    given = options.parse_args()
    LocalCloud.program = given.local_cloud.resolve()
    shutil.rmtree(given.folder, ignore_errors=True)
    result = {
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "groups": [{"name": name, "title": title} for name, title in GROUPS.items()],
        "peers": [],
    }
    for kind in PEERS:
        if given.only not in (None, kind.name):
            continue
        print(f"compare: {kind.name} {kind.version()}", flush=True)
        groups = compare(kind, given.folder / kind.name, given.shadow_cases)
        for group, found in groups.items():
            right, wrong = found["right"], len(found["wrong"])
            print(f"  {group}: {right} of {right + wrong}", flush=True)
        result["peers"].append({"name": kind.name, "version": kind.version(), "groups": groups})
    counts = {
        group: {
            sum_of(peer["groups"][group]) for peer in result["peers"] if group in peer["groups"]
        }
        for group in GROUPS
    }
    for group, sizes in counts.items():
        if len(sizes) > 1:
            sys.exit(f"compare: the programs ran different numbers of cases of {group}: {sizes}")
    text = json.dumps(result, indent=1, ensure_ascii=False)
    given.result.write_text(f"{text}\n", encoding="utf-8")


def sum_of(group):
    return group["right"] + len(group["wrong"])


if __name__ == "__main__":
    main()
