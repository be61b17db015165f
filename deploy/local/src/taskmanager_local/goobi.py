"""A fake Goobi next to the services, and the settings with which they reach it. Knows no jobs.

It is the one of `taskmanager_testing.goobi`, run as a separate process, with a token made for this stack.
"""

import json
import secrets
import sys
from pathlib import Path

from taskmanager.files.private_files import private_file
from taskmanager_local.commands import LOOPBACK, Command
from taskmanager_local.state import Plan, Ports, StackFolder

NAME = "goobi"
DIALECTS = {"fake": "core", "fake-rest": "rest", "fake-webapi": "webapi"}
"""The values of `--goobi`, and which of Goobi's three interfaces the services use with each."""
METHODS = ("get", "post", "put", "delete")
PAGES = "/fake"
"""Where the fake serves its own pages."""


def fake_goobi(folder: StackFolder, ports: Ports, choice: str) -> tuple[Command, Path]:
    """The command that starts it, and the file `TASKMANAGER_GOOBI` is to name."""
    port, token = ports.take(NAME), secrets.token_hex(16)
    config = private_file(folder.path / "fake-goobi.toml", _access_rules(token))
    token_file = private_file(folder.path / "goobi.token", token)
    settings = private_file(folder.path / "goobi.toml", _settings(DIALECTS[choice], port, token_file))
    arguments = [sys.executable, "-m", "taskmanager_testing.goobi"]
    arguments += ["--port", str(port), "--config", str(config)]
    return Command(NAME, arguments, {}, port, PAGES), settings


def fake_goobi_url(plan: Plan) -> str | None:
    """The URL of the stack's fake Goobi, or None if it has none."""
    ports = [command.port for command in plan.services if command.name == NAME]
    return f"http://{LOOPBACK}:{ports[0]}" if ports else None


def _access_rules(token: str) -> str:
    """No processes: a caller that submits a job creates them first."""
    methods = [f'methods.{method} = [{{ token = "{token}" }}]' for method in METHODS]
    lines = ["books = 0", "[[webapi.credentials]]", f'password = "{token}"']
    return "\n".join([*lines, "[[rest.endpoints]]", 'path = ".*"', *methods, ""])


def _settings(dialect: str, port: int, token_file: Path) -> str:
    """The file about Goobi; a JSON string is also a TOML string."""
    return (
        f'[installations.fake]\ndialect = "{dialect}"\nurl = "http://{LOOPBACK}:{port}/goobi"\n'
        f"token_file = {json.dumps(str(token_file.resolve()))}\n"
    )
