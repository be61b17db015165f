"""Puts measured figures into `docs/performance.md`: `python -m tests.bench.report.page FILE...`.

Of a figure in several files, the last one counts. Everything between the two markers is rewritten; the
explanations around them are written by hand.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench.report.figures import rounded

PAGE = Path(__file__).parents[3] / "docs" / "performance.md"
BEGIN, END = "<!-- figures: written by tests.bench.report.page -->", "<!-- end of figures -->"


def main(files: Sequence[str]) -> None:
    """Read the files and write the page."""
    documents = [json.loads(Path(file).read_text(encoding="utf-8")) for file in files]
    figures = {one["name"]: one for document in documents for one in document["figures"]}
    lines = [BEGIN, "", _origin(documents), "", *_targets(figures), "", *_all(figures), "", END]
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(before + "\n".join(lines) + after, encoding="utf-8")


def _origin(documents: Sequence[Mapping[str, Any]]) -> str:
    machine, days = documents[-1]["machine"], sorted({document["at"][:10] for document in documents})
    commits = ", ".join(dict.fromkeys(document["commit"] for document in documents))
    memory = machine["memory_bytes"] / 2**30
    return (
        f"Measured on {', '.join(days)} at {commits}: {machine['processors']} processors, "
        f"{memory:.0f} GB of memory, Python {machine['python']}; "
        "everything, the clients too, on that one machine."
    )


def _targets(figures: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield from ("| target | value | wanted | met |", "|---|---|---|---|")
    for name, one in figures.items():
        if one["target"]:
            met = "yes" if one["met"] else "**no**"
            yield f"| `{name}` | {rounded(one['value'])} {one['unit']} | {one['target']} | {met} |"


def _all(figures: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield from ("| figure | value | runs | note |", "|---|---|---|---|")
    for name, one in figures.items():
        runs = ", ".join(map(rounded, one["runs"])) if len(one["runs"]) > 1 else ""
        yield f"| `{name}` | {rounded(one['value'])} {one['unit']} | {runs} | {one['note']} |"


if __name__ == "__main__":
    main(sys.argv[1:])
