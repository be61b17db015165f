"""The Goobi that receives the reports of a soak: a process with steps for each job, and its settings."""

from collections.abc import Sequence
from pathlib import Path

from tests.soak.evidence import Heard

from taskmanager_testing.goobi import TOKEN, EventKind, FakeGoobi, RunningGoobi, Workflow, book

RACED = 1_000_000
"""What is added to the number of a scene for the second job of a race."""


def reference(number: int) -> dict[str, int]:
    """The Goobi reference of the job of that number: the first step of its own process."""
    return {"process_id": number, "step_id": book(number).steps[0].id}


def goobi_for(jobs: int) -> FakeGoobi:
    """A fake Goobi with the processes of that many scenes."""
    return FakeGoobi(Workflow(book(first + number) for first in (0, RACED) for number in range(jobs)))


def settings_file(folder: Path, url: str) -> Path:
    """The file for `TASKMANAGER_GOOBI`, with short waits."""
    token = folder / "goobi.token"
    token.write_text(TOKEN, encoding="ascii")
    file = folder / "goobi.toml"
    file.write_text(
        'default = "soak"\n[installations.soak]\ndialect = "core"\n'
        f'url = "{url}/goobi"\ntoken_file = "{token}"\n'
        "longest_wait_seconds = 1\ntimeout_seconds = 5\nconnect_timeout_seconds = 2\n",
        encoding="utf-8",
    )
    return file


def heard(server: RunningGoobi) -> Sequence[Heard]:
    """The reports it received, in order; closing a step again counts as a report."""
    kinds = {
        EventKind.JOURNAL: "entry",
        EventKind.CLOSED: "close_step",
        EventKind.CLOSED_AGAIN: "close_step",
        EventKind.ERROR: "error_step",
    }
    events = server.goobi.workflow.events
    return [
        Heard(kinds[one.kind], one.process_id, one.at)
        for one in events
        if one.kind in kinds and one.process_id is not None
    ]
