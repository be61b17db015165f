"""Puts judgements into the table of docs/images.md: a row for each kind of file, a column for each target."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.images.judge import Judgement, Verdict

BEGIN: Final = "<!-- table of make images: begin -->"
PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "images.md"
END: Final = "<!-- table of make images: end -->"
_REASONS: Final = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome for one file with one target."""

    kind: str
    name: str
    target: str
    judgement: Judgement


def table(outcomes: Iterable[Outcome]) -> str:
    """The table in Markdown."""
    cells: dict[str, dict[str, list[Judgement]]] = {}
    for one in outcomes:
        cells.setdefault(one.kind, {}).setdefault(one.target, []).append(one.judgement)
    targets = list(dict.fromkeys(target for row in cells.values() for target in row))
    lines = [f"| kind of file | {' | '.join(targets)} |", f"|---{'|---' * len(targets)}|"]
    lines += [_line(kind, row, targets) for kind, row in cells.items()]
    return "\n".join(lines)


def _line(kind: str, row: Mapping[str, list[Judgement]], targets: Sequence[str]) -> str:
    return f"| {kind} | {' | '.join(_cell(row.get(target, [])) for target in targets)} |"


def _cell(judgements: Sequence[Judgement]) -> str:
    """In the form "right 12; refused 3: reason"."""
    parts = []
    for verdict in Verdict:
        reasons = Counter(_plain(one.why) for one in judgements if one.verdict is verdict)
        if reasons:
            named = [reason for reason, _ in reasons.most_common(_REASONS) if reason]
            more = f": {'; '.join(named)}" if named else ""
            parts.append(f"{_word(verdict)} {reasons.total()}{more}")
    return "; ".join(parts)


def _word(verdict: Verdict) -> str:
    return {Verdict.MISSED: "**not done**", Verdict.WRONG: "**wrong**"}.get(verdict, str(verdict))


def _plain(reason: str) -> str:
    """A reason without the numbers that differ from file to file, fit for a cell."""
    return re.sub(r"\d+(\.\d+)?", "N", reason).replace("|", "/")[:100]


def counts(outcomes: Iterable[Outcome]) -> Counter[Verdict]:
    """The number of each verdict."""
    return Counter(one.judgement.verdict for one in outcomes)


def write(page: Path, content: str) -> None:
    """Put the table between the two markers of a page."""
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    page.write_text(f"{before}{BEGIN}\n{content}\n{END}{after}", encoding="utf-8")
