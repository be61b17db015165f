"""No program of a job finds a secret of the runner where the kernel shows processes to each other."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.runner.slots import options, slot

from taskmanager_plugin_runner.slot.process import SlotProcess
from taskmanager_plugin_runner.system import memory
from taskmanager_plugin_runner.system.processes import descendants
from taskmanager_plugin_runner.system.secrecy import SECRETS

SECRET = "s3cret-of-the-broker"
WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
HOLD = """
import os, sys
from taskmanager_plugin_runner.system.secrecy import close_to_others, forget_secrets
close_to_others()
forget_secrets()
print(os.environ["AMQP_URL"], flush=True)
sys.stdin.read()
"""


def shown(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes() + Path(f"/proc/{pid}/cmdline").read_bytes()


def as_another(pid: int, name: str) -> int:
    """How `cat` of a file in /proc ends for a process of the same user that has no rights beyond that."""
    command = [*WITHOUT_RIGHTS, "cat", f"/proc/{pid}/{name}"]
    return subprocess.run(command, capture_output=True, check=False).returncode


def test_what_a_runner_was_started_with_is_not_shown_any_more() -> None:
    """Not even root can read it there, because it is overwritten; the runner itself still has it."""
    environment = {**os.environ, **dict.fromkeys(SECRETS, SECRET), "KEPT": "kept"}
    with subprocess.Popen(
        [sys.executable, "-c", HOLD],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == SECRET
        if os.geteuid() == 0:
            assert SECRET.encode() not in shown(holder.pid)
            assert b"KEPT=kept" in shown(holder.pid)
        else:
            with pytest.raises(PermissionError):
                shown(holder.pid)
        assert as_another(holder.pid, "environ") != 0
        holder.communicate()


async def test_slots_are_started_without_secrets_and_closed_to_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, SECRET)
        monkeypatch.setenv(f"{name}_FILE", "/run/secrets/that")
    made = options("noop", tmp_path)
    key = b"the key of the journals".hex()
    process = SlotProcess(0, replace(made, journal_key=key))
    await process.start()
    try:
        assert process.pid is not None
        for pid in {process.pid} | descendants(process.pid):
            assert key.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
            if os.geteuid() == 0:
                assert not [
                    secret for secret in (SECRET, "/run/secrets/that") if secret.encode() in shown(pid)
                ]
        for name in ("environ", "maps"):
            assert as_another(process.pid, name) != 0
    finally:
        await process.stop()


async def test_a_slot_still_works_and_its_memory_is_seen(tmp_path: Path) -> None:
    async with slot("noop", tmp_path) as (process, _):
        assert process.pid is not None
        assert memory._unshared_bytes(process.pid) > 0
        assert memory.proportional(process.pid).bytes > 0
