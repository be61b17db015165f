"""Process folders for the `diary` plugin, and what they must contain in the end."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PAGES = ("1.txt", "2.txt", "3.txt")
KEPT = "kept.txt"
OLD = "old"


@dataclass
class ProcessFolders:
    """Makes a process folder for each job and remembers it."""

    folder: Path
    processes: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Create one source for all jobs."""
        self.source.mkdir(parents=True, exist_ok=True)
        for page in PAGES:
            (self.source / page).write_text(page, encoding="utf-8")

    @property
    def source(self) -> Path:
        """The folder that every job reads."""
        return self.folder / "source"

    def job(self) -> dict[str, Any]:
        """A job that replaces two old files, adds two, and must leave one as it is."""
        process = self.folder / f"process-{len(self.processes)}"
        (process / "out").mkdir(parents=True)
        (process / "meta.xml").write_text("<meta/>", encoding="utf-8")
        for name in (*PAGES[:2], KEPT):
            (process / "out" / name).write_text(OLD, encoding="utf-8")
        self.processes.append(process)
        return {"plugin": "diary", "source": str(self.source), "destination": str(process / "out")}

    def jobs(self, count: int) -> list[dict[str, Any]]:
        """That many jobs."""
        return [self.job() for _ in range(count)]


def check_result(job: Mapping[str, Any]) -> None:
    """One complete result, made by the attempt that is DONE, and nothing else in the process folder."""
    target = Path(job["destination"])
    files = {file.name: file.read_text(encoding="utf-8") for file in target.iterdir()}
    made_by = f"{job['id']} {job['attempt']}\n"
    assert files == {**{page: page for page in PAGES}, KEPT: OLD, "attempt.txt": made_by}
    assert sorted(file.name for file in target.parent.iterdir()) == ["meta.xml", "out", "out.log"]
    lines = target.with_suffix(".log").read_text(encoding="utf-8").splitlines()
    assert max(Counter(lines).values()) == 1, "an attempt ran twice"
    assert f"end {made_by}".strip() in lines


def check_statistics(tabs: Mapping[str, Any], jobs: Sequence[Mapping[str, Any]]) -> None:
    """The statistics equal a recount of all jobs."""
    assert tabs["queue"]["jobs"] == sum(job["status"] not in {"DONE", "ERROR", "CANCELLED"} for job in jobs)
    done = [job for job in jobs if job["status"] == "DONE"]
    assert tabs["done"]["jobs"] == len(done)
    assert tabs["done"]["files"] == sum(job["files"] for job in done)
    assert tabs["done"]["bytes"] == sum(job["bytes"] for job in done)
    assert tabs["error"]["jobs"] == sum(job["status"] in {"ERROR", "CANCELLED"} for job in jobs)
