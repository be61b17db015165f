"""The table of a book: what each job of the chain took and made, for a page. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

COLUMNS = ("job", "template", "state", "seconds", "a page", "files", "bytes", "warnings")


def table(jobs: Sequence[Mapping[str, Any]], pages: int) -> str:
    """The jobs of a chain as a Markdown table."""
    rule = ["---"] * len(COLUMNS)
    return "\n".join(map(_line, (COLUMNS, rule, *(_cells(job, pages) for job in jobs))))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(job: Mapping[str, Any], pages: int) -> Sequence[str]:
    seconds = _seconds(job)
    return (
        job["plugin"],
        job["template"] or "",
        job["status"],
        f"{seconds:.1f}" if seconds is not None else "",
        f"{seconds / pages:.2f}" if seconds is not None else "",
        str(job["files"]),
        f"{job['bytes']:,}",
        str(job["warnings"] or ""),
    )


def _seconds(job: Mapping[str, Any]) -> float | None:
    if not job["started_at"] or not job["finished"]:
        return None
    began, ended = (datetime.fromisoformat(job[name]) for name in ("started_at", "finished"))
    return (ended - began).total_seconds()


def complaints(jobs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What went wrong, or was worth a warning."""
    for job in jobs:
        if job["error"] is not None:
            yield f"- **{job['plugin']}**: {job['error']['message']}"
        for text in job["warning_texts"]:
            yield f"- {job['plugin']}: {text}"
