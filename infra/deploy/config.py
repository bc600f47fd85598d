"""Checks samconfig.toml with sam itself: its settings are sam's, `sam build` gets the processor
that is deployed, and nothing that is not built can be packaged.

Run by `cargo xtask test --only template`. cargo is replaced by a program that only notes its
arguments, and nothing is sent to AWS.

Must not know: what the template declares.
"""

import importlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import tomllib

ROOT = pathlib.Path(__file__).parent.parent.parent
SAM = pathlib.Path(sys.executable).parent / "sam"
# Where sam keeps the options of a command.
COMMANDS = {
    "build": "samcli.commands.build.command",
    "deploy": "samcli.commands.deploy.command",
    "package": "samcli.commands.package.command",
    "validate": "samcli.commands.validate.validate",
}
# The template that exists only after a build.
BUILT = ".aws-sam/build/template.yaml"
CARGO = """#!/bin/sh
case "$1" in
metadata) echo '{{"target_directory": "{folder}/target", "packages": []}}' ;;
*)  for word in "$@"; do bin="$word"; done
    mkdir -p "{folder}/target/lambda/$bin"
    echo "$*" > "{folder}/target/lambda/$bin/bootstrap" ;;
esac
"""


def of_settings(config):
    """Settings that sam does not know, which it would ignore."""
    known = {
        name: {option.name for option in importlib.import_module(module).cli.params}
        for name, module in COMMANDS.items()
    }
    for name, section in config["default"].items():
        for key in section["parameters"]:
            is_known = (
                any(key in options for options in known.values())
                if name == "global"
                else key in known.get(name, set())
            )
            if not is_known:
                yield f"[default.{name}] {key} is not a setting of sam"
    for name in ["build", "deploy"]:
        own = config["default"][name]["parameters"]
        if "parameter_overrides" in own or "stack_name" in own:
            yield f"[default.{name}] has parameters of its own: write them into [default.global]"
    for name in ["deploy", "package"]:
        if config["default"][name]["parameters"].get("template_file") != BUILT:
            yield f"[default.{name}] must use {BUILT}, or sources can be deployed"


def copy(folder):
    """A checkout without build output, as sam sees it."""
    for name in ["template.yaml", "samconfig.toml"]:
        shutil.copy(ROOT / name, folder)
    for crate in (ROOT / "lambdas").iterdir():
        link = crate / "bootstrap"
        if link.is_symlink():
            own = folder / "lambdas" / crate.name
            own.mkdir(parents=True)
            (own / "Cargo.toml").touch()
            (own / "bootstrap").symlink_to(link.readlink())


def sam(folder, *words):
    environment = {
        **os.environ,
        "PATH": f"{folder}/bin:{os.environ['PATH']}",
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(folder / "sam"),
        "AWS_DEFAULT_REGION": "us-east-1",
        # No call gets as far as being signed for AWS.
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
    }
    environment.pop("CARGO_TARGET_DIR", None)
    done = subprocess.run(
        [SAM, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def of_unbuilt(folder):
    """Commands that must stop, since nothing is built."""
    sources = ["package", "--template", "template.yaml", "--s3-bucket", "bucket"]
    for words, wanted in [
        (["deploy"], f"Template file not found at {folder}/{BUILT}"),
        (sources, "lambdas/press/bootstrap"),
    ]:
        code, text = sam(folder, *words)
        if code == 0 or wanted not in text:
            yield f"sam {' '.join(words)} without a build: status {code}, {text.strip()}"


def of_build(folder):
    """What `sam build` does with the settings, and with another processor in them."""
    tools = folder / "bin"
    tools.mkdir()
    for name in ["cargo", "cargo-lambda"]:
        (tools / name).write_text(CARGO.format(folder=folder), encoding="utf-8")
        (tools / name).chmod(0o755)
    settings = folder / "samconfig.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("Architecture=arm64", "Architecture=x86_64"), encoding="utf-8")
    code, said = sam(folder, "build")
    if code != 0:
        yield f"sam build: {said}"
        return
    for crate in sorted((folder / "lambdas").iterdir()):
        # The link of the sources now leads to the program.
        built = (crate / "bootstrap").read_text(encoding="utf-8").strip()
        if built != f"lambda build --release --bin {crate.name}":
            yield f"{crate.name} is built with `cargo {built}`, not for x86_64"


def main():
    with open(ROOT / "samconfig.toml", "rb") as file:
        config = tomllib.load(file)
    problems = list(of_settings(config))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name).resolve()
        copy(folder)
        problems += [*of_unbuilt(folder), *of_build(folder)]
    for problem in problems:
        print(f"samconfig.toml: {problem}")
    print(f"config: {len(problems)} wrong")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
