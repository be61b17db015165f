"""What the demo has done to a process: one step of Goobi's for each plugin."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taskmanager_local.demo.process_folder import ProcessFolder


@dataclass(frozen=True)
class Step:
    """One step: its title in Goobi, and the job that does it.

    `destination` and `results` name folders of a process: what the job is given, and where to look then.
    """

    title: str
    destination: str
    results: str
    job: Mapping[str, Any] = field(default_factory=dict)

    def job_for(self, process: ProcessFolder) -> dict[str, Any]:
        """The body of its submission, without plugin and source."""
        title = f"{self.title} of {process.title}"
        return {"title": title, "destination": str(getattr(process, self.destination)), **self.job}

    def results_of(self, process: ProcessFolder) -> Path:
        """Where its results are."""
        found: Path = getattr(process, self.results)
        return found


STEPS: Mapping[str, Step] = {
    "shell": Step("JPEG derivatives", "derivatives", "derivatives", {"template": "jpeg"}),
    "jp2": Step("JPEG 2000", "jpeg2000", "jpeg2000"),
    "ocr": Step("OCR", "folder", "ocr", {"template": "all", "parameters": {"language": ["eng", "deu"]}}),
}
"""The steps by plugin; all are open at the same time."""

BOOK_PLUGIN = "pdf"


def book_job(process: ProcessFolder) -> dict[str, Any]:
    """The body of the job that makes one PDF of the pictures and the text that the steps have made."""
    return {
        "plugin": BOOK_PLUGIN,
        "title": process.title,
        "source": str(process.folder),
        "destination": str(process.book.parent),
    }
