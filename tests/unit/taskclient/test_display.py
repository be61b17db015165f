"""What people see while they wait."""

import io
import os
from types import ModuleType

import pytest


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1


def test_on_a_terminal_one_line_is_drawn_anew(
    taskclient: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((60, 25)))
    terminal = Terminal()
    display = taskclient.Display(terminal)
    progress = {"percent": 42, "files_done": 17, "files_total": 40, "current_file": "page_017.tif" * 9}
    display.show({"status": "PROCESSING", "progress": progress})
    display.show({"status": "DONE", "progress": progress})
    display.close()
    first, second = terminal.getvalue().removesuffix("\n").removeprefix("\r").split("\r")
    assert first.startswith("[########............]  42 % PROCESSING, 17 of 40 files, pa")
    assert second.startswith("[####################] 100 % DONE")
    assert len(first.removesuffix("\033[K")) < 60


def test_elsewhere_a_line_is_written_for_every_tenth(taskclient: ModuleType) -> None:
    stream = io.StringIO()
    display = taskclient.Display(stream)
    for percent in range(100):
        display.show({"status": "PROCESSING", "progress": {"percent": percent}})
    display.close()
    assert stream.getvalue() == "PROCESSING\n" * 10
