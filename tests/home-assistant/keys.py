"""Compares the tables of keys in a vector file with those of the installed Home Assistant.

usage: keys.py VECTOR

VECTOR is home-assistant.json. Home Assistant drops a key of a component that it does not know and
says nothing, so a wrong table would let a test pass. Each difference is a line, and the exit status
is then 1.
"""
import importlib
import json
import pathlib
import sys

from homeassistant import const, requirements
from homeassistant.util import package

MQTT = "homeassistant.components.mqtt"
PLATFORMS = ["lock", "event", "binary_sensor", "sensor"]


def install():
    """Installs what the integration needs, as Home Assistant does at the first start of it."""
    manifest = pathlib.Path(const.__file__).parent / "components/mqtt/manifest.json"
    for wanted in json.loads(manifest.read_text(encoding="utf-8"))["requirements"]:
        if not package.is_installed(wanted):
            if not package.install_package(wanted, **requirements.pip_kwargs()):
                sys.exit(f"keys.py: {wanted} cannot be installed")


def mapping(schema):
    """The outermost mapping of a schema: the first part of `All` that has one."""
    if isinstance(schema, dict):
        return schema
    if isinstance(schema, list):
        return mapping(schema[0])
    if hasattr(schema, "validators"):
        found = (mapping(part) for part in schema.validators)
        return next((one for one in found if one is not None), None)
    inner = getattr(schema, "schema", None)
    return mapping(inner) if isinstance(inner, (dict, list)) else None


def names(schema):
    return {str(key) for key in mapping(schema)}


def needed(schema):
    """The keys that must be there: their markers have that name."""
    return {str(key) for key in mapping(schema) if type(key).__name__ == "Required"}


def value_of(schema, name):
    """What the schema says of the value of a key."""
    return next(value for key, value in mapping(schema).items() if str(key) == name)


def installed():
    """The tables of the installed Home Assistant, in the form of the vector file."""
    schemas = importlib.import_module(f"{MQTT}.schemas")
    modules = {name: importlib.import_module(f"{MQTT}.{name}") for name in PLATFORMS}
    own = {name: module.DISCOVERY_SCHEMA for name, module in modules.items()}
    shared = set.intersection(*(names(schema) for schema in own.values()))
    # Each component names its platform, and an entity of a device needs an id.
    always = {"platform", "unique_id"}
    common = schemas.MQTT_ENTITY_COMMON_SCHEMA
    item = value_of(common, "availability")
    return {
        "version": const.__version__,
        "message": names(schemas.DEVICE_DISCOVERY_SCHEMA),
        "device": names(schemas.MQTT_DEVICE_INFO_SCHEMA),
        "origin": names(schemas.MQTT_ORIGIN_INFO_SCHEMA),
        "availability": names(item),
        "shared": shared | always,
        "components": {
            name: {
                "required": needed(schema) | always,
                "keys": names(schema) - shared,
            }
            for name, schema in own.items()
        },
    }


def differences(path, here, there):
    """Lines about what differs: `here` is installed, `there` is in the vector file."""
    if isinstance(here, dict):
        if not isinstance(there, dict):
            return [f"{path}: the file has no table"]
        lines = [f"{path}/{key}: only in the file" for key in there if key not in here]
        for key, value in here.items():
            lines += differences(f"{path}/{key}", value, there.get(key))
        return lines
    if isinstance(here, set):
        listed = there if isinstance(there, list) else []
        lines = [f"{path}: {key} is only in the file" for key in sorted(set(listed) - here)]
        lines += [f"{path}: {key} is missing in the file" for key in sorted(here - set(listed))]
        if len(set(listed)) != len(listed):
            lines.append(f"{path}: a key is there twice")
        return lines
    return [] if here == there else [f"{path}: {there} in the file, {here} installed"]


def main():
    [path] = sys.argv[1:]
    vector = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    install()
    tables = installed()
    there = {key: vector.get(key) for key in tables}
    lines = differences("", tables, there)
    for line in lines:
        print(line)
    if not lines:
        count = sum(len(one["keys"]) for one in tables["components"].values())
        count += sum(len(one) for one in tables.values() if isinstance(one, set))
        print(f"Home Assistant {tables['version']} has the {count} keys of {path}, and no other")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
