"""Renders a template with Jinja in its sandbox, with what Home Assistant adds for these messages.

usage: render.py < {"template": TEXT, "variables": {NAME: VALUE}, "nowMs": NUMBER or null}
"""
import datetime
import json
import sys

import jinja2.sandbox

asked = json.load(sys.stdin)


def now():
    zone = datetime.timezone.utc
    if asked["nowMs"] is None:
        return datetime.datetime.now(zone)
    return datetime.datetime.fromtimestamp(asked["nowMs"] / 1000, zone)


environment = jinja2.sandbox.ImmutableSandboxedEnvironment()
environment.globals.update(now=now, utcnow=now)
environment.filters["to_json"] = json.dumps
environment.filters["from_json"] = json.loads
environment.filters["iif"] = lambda value, yes=True, no=False: yes if value else no
environment.filters["as_datetime"] = lambda value: datetime.datetime.fromtimestamp(
    float(value), datetime.timezone.utc
)
template = environment.from_string(asked["template"])
sys.stdout.write(template.render(asked["variables"]).strip())
