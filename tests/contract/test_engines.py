"""The engine in memory and the one of plain processes fulfil the contract of engines."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.engines import (
    BROKEN,
    CRASHING,
    DEAF,
    PATIENT,
    STEADY,
    STUBBORN,
    EngineContract,
    FakeEngine,
    Machine,
    Make,
)

from taskmanager_orchestrator.engines.local import LocalEngine
from taskmanager_orchestrator.port import Engine
from taskmanager_orchestrator.templates import LocalTemplate


class TestFakeEngine(EngineContract):
    """In memory."""

    @pytest.fixture
    def make(self) -> Make:
        machine = Machine()
        return lambda place: FakeEngine(machine, place, [STEADY, STUBBORN, CRASHING, BROKEN])


class TestLocalEngine(EngineContract):
    """Processes."""

    @pytest.fixture
    def make(self, tmp_path: Path) -> Iterator[Make]:
        programs = {
            STEADY: ("sh", "-c", PATIENT, "{name}"),
            STUBBORN: ("sh", "-c", DEAF),
            CRASHING: ("sh", "-c", "exit 3"),
            BROKEN: ("/no/such/program",),
        }
        templates = {plugin: LocalTemplate(command=command) for plugin, command in programs.items()}

        def made(place: str) -> Engine:
            return LocalEngine(tmp_path / place, templates)

        yield made
        for child in psutil.Process().children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if "while :" in " ".join(child.cmdline()):
                    os.killpg(child.pid, signal.SIGKILL)
                    child.wait()
