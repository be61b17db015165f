"""Processes load what writes logs only when they write one, and never what would colour it."""

import subprocess
import sys

import pytest

WRITE = """
import sys
from taskmanager.process import logs

log = logs.get_logger("a.module")
before = "structlog" in sys.modules
logs.configure("gateway", log_format={format!r}, level="info")
try:
    raise ValueError("no such page")
except ValueError:
    log.exception("page_missing", page=7)
log.debug("not_said")
print(before, "structlog" in sys.modules, "rich" in sys.modules)
import rich
"""
"""At its end a plugin still gets rich, if it wants it."""


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_log_is_complete_without_rich(log_format: str) -> None:
    done = run(WRITE.format(format=log_format))
    assert done.stdout.split() == ["False", "True", "False"]
    assert all(part in done.stderr for part in ("page_missing", "gateway", "a.module", "no such page", "7"))
    assert "not_said" not in done.stderr


def test_a_slot_starts_without_settings_messages_and_logging() -> None:
    program = "import sys, taskmanager_plugin_runner.slot.beginning; print(*sys.modules)"
    loaded = set(run(program).stdout.split())
    assert "taskmanager_plugin_runner.slot.beginning" in loaded
    assert not loaded & {
        "structlog",
        "pydantic_settings",
        "asyncio",
        "taskmanager.messages",
        "pika",
        "pymongo",
    }
