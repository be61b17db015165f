"""What the benchmark plugins noted: when their code ran."""

from pathlib import Path

from tests.bench.stage.system import System


def notes_folder(system: System) -> Path:
    """An empty folder that jobs may write to."""
    folder = system.roots / "notes"
    folder.mkdir(exist_ok=True)
    return folder


def note(folder: Path, job: str, attempt: int = 1) -> list[int]:
    """When that attempt ran (nanoseconds since the epoch) and what else it noted; empty if it did not."""
    try:
        return [int(word) for word in (folder / f"{job}.{attempt}").read_text(encoding="ascii").split()]
    except FileNotFoundError:
        return []


def first_note(folder: Path, job: str) -> int:
    """When the first attempt of a job ran."""
    return note(folder, job)[0]
