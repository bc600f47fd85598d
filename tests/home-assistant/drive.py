"""Runs Home Assistant in this process, without a page, for a program that asks one thing per line.

usage: drive.py FOLDER

FOLDER is for the configuration and the entities. A process starts Home Assistant once.
Each line of the input is a JSON object, and is answered by one:

  {"do": "start", "port": N}    starts it, with the MQTT broker at 127.0.0.1:N: {"version": TEXT}
  {"do": "start"}               starts it with what an earlier run has left in FOLDER
  {"do": "call", "service": "lock.unlock", "data": {}}                calls a service: {}
  {"do": "entities"}            {"entities": [{"id", "unique_id", "state", "attributes"}]}

What fails is answered by {"error": TEXT}. The end of the input ends it. Its log is FOLDER's
home-assistant.log.
"""
import asyncio
import concurrent.futures
import contextlib
import json
import os
import pathlib
import shutil
import socket
import sys

folder = pathlib.Path(sys.argv[1])
# Nothing else may write between the answers.
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
log = os.open(folder / "home-assistant.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
os.dup2(log, 1)
os.dup2(log, 2)

from homeassistant import bootstrap, const, runner  # noqa: E402
from homeassistant.helpers import entity_registry  # noqa: E402

NOON = "2026-01-01T12:00:00+00:00"


def configure(port):
    """Writes the configuration: the MQTT integration, and a page that nobody else can reach."""
    os.truncate(folder / "home-assistant.log", 0)
    storage = folder / ".storage"
    shutil.rmtree(storage, ignore_errors=True)
    storage.mkdir(parents=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        page = free.getsockname()[1]
    text = f"http:\n  server_host: 127.0.0.1\n  server_port: {page}\n"
    (folder / "configuration.yaml").write_text(text, encoding="utf-8")
    entry = {
        "entry_id": "01REMOTELOCKMQTT0000000000",
        "domain": "mqtt",
        "title": "the broker of the house",
        "source": "user",
        "version": 2,
        "minor_version": 1,
        "data": {"broker": "127.0.0.1", "port": port, "protocol": "5"},
        "options": {},
        "subentries": [],
        "discovery_keys": {},
        "unique_id": None,
        "disabled_by": None,
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "created_at": NOON,
        "modified_at": NOON,
    }
    stored = {
        "version": 1,
        "minor_version": 5,
        "key": "core.config_entries",
        "data": {"entries": [entry]},
    }
    path = storage / "core.config_entries"
    path.write_text(json.dumps(stored), encoding="utf-8")


class Home:
    """Home Assistant, once it is started."""

    def __init__(self):
        self.hass = None

    async def boot(self):
        # The packages of an integration are installed at its first start.
        settings = runner.RuntimeConfig(config_dir=str(folder), skip_pip=False)
        self.hass = await bootstrap.async_setup_hass(settings)
        if self.hass is None:
            raise RuntimeError("Home Assistant did not start: home-assistant.log says why")
        await self.hass.async_start()
        await self.hass.async_block_till_done()
        if "mqtt" not in self.hass.config.components:
            raise RuntimeError("the MQTT integration did not start: home-assistant.log says why")
        return {"version": const.__version__}

    async def end(self):
        if self.hass is not None:
            await self.hass.async_stop(force=True)
            self.hass = None

    async def start(self, asked):
        if "port" in asked:
            configure(asked["port"])
        return await self.boot()

    async def call(self, asked):
        domain, service = asked["service"].split(".")
        await self.hass.services.async_call(domain, service, asked["data"], blocking=True)
        return {}

    async def entities(self, _asked):
        found = []
        for entry in entity_registry.async_get(self.hass).entities.values():
            state = self.hass.states.get(entry.entity_id)
            if entry.platform == "mqtt" and state is not None:
                found.append(
                    {
                        "id": entry.entity_id,
                        "unique_id": entry.unique_id,
                        "state": state.state,
                        "attributes": dict(state.attributes),
                    }
                )
        return {"entities": found}


async def main():
    home = Home()
    loop = asyncio.get_running_loop()
    ways = {
        "start": home.start,
        "call": home.call,
        "entities": home.entities,
    }
    # Home Assistant ends the loop's own threads when it ends.
    reader = concurrent.futures.ThreadPoolExecutor(1)
    while line := await loop.run_in_executor(reader, sys.stdin.readline):
        asked = json.loads(line)
        try:
            answer = await ways[asked["do"]](asked)
        except Exception as error:  # Whatever it is, the other side must learn it.
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, default=str), file=answers, flush=True)
    await home.end()


with contextlib.suppress(KeyboardInterrupt):
    asyncio.run(main())
