"""Every sentence that rules write in English has a German form, with everything that was in it."""

import ast
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from tests.unit.gateway.conftest import MOMENT, installed, job

import taskmanager_scheduler
from taskmanager.control import Drain, JobAction, Stop, judge
from taskmanager.jobs import JobError, Note
from taskmanager.queries import Position
from taskmanager.registry import InstalledPlugin, RunnerState
from taskmanager.states import Status
from taskmanager_gateway.access.reach import WHOM_TO_ASK
from taskmanager_gateway.handlers import STORE_AWAY
from taskmanager_gateway.waiting import Circumstances, waiting_reason
from taskmanager_gateway.web.formats import Formats, zone_of
from taskmanager_gateway.web.phrases import FORMS, REFUSALS, SENTENCES, WAITING
from taskmanager_gateway.web.sentences import LONGEST, Sentences, known

GERMAN = Sentences(Formats("de", zone_of("Europe/Berlin")))
ENGLISH = Sentences(Formats("en", zone_of("Europe/London")))
NOTE = Note(by="anna", at=MOMENT, reason="wrong scan")
BARE = Note(by="anna", at=MOMENT)


def refusals() -> set[str]:
    notes: list[dict[str, Any]] = [{}, {"held": NOTE}, {"cancel": NOTE}, {"put_next": NOTE}, {"owner": "r"}]
    found = set()
    for status, fields, action in product(Status, notes, JobAction):
        verdict = judge(job(1, status=status, **fields), action, 3)
        if verdict.refusal is not None:
            found.add(verdict.refusal)
    return found


@pytest.mark.parametrize("refusal", sorted(refusals()))
def test_every_refusal_of_the_rules_is_said_in_german(refusal: str) -> None:
    assert known(refusal, REFUSALS)
    assert GERMAN.refusal(refusal) != refusal
    whole = f"Cannot hold: {refusal}."
    assert GERMAN(whole) == f"Es ist nicht möglich, ihn anzuhalten: {GERMAN.refusal(refusal)}."


def said_by_the_scheduler() -> Iterator[str]:
    """The texts of all `return "refused", text` of the scheduler, their values filled in."""
    for path in Path(taskmanager_scheduler.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            value = node.value if isinstance(node, ast.Return) else None
            if isinstance(value, ast.Tuple) and getattr(value.elts[0], "value", None) == "refused":
                yield from _text(value.elts[1])


def _text(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        yield str(node.value)
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)


@pytest.mark.parametrize("refusal", sorted(set(said_by_the_scheduler())))
def test_every_refusal_of_the_scheduler_is_said_in_german(refusal: str) -> None:
    assert GERMAN.refusal(refusal) != refusal


def plugins() -> Iterator[InstalledPlugin]:
    yield installed("noop")
    yield installed("noop", max_running=1)
    for until, reason in product((None, MOMENT + timedelta(hours=1)), ("", "new disks")):
        stop = Stop(by="anna", at=MOMENT, reason=reason, until=until)
        yield installed("noop").model_copy(update={"stop": stop})


def runner(*, alive: bool = True, busy: int = 0, drained: Note | None = None) -> RunnerState:
    drain = Drain(**drained.model_dump()) if drained else None
    times = {"started_at": MOMENT, "last_heartbeat": MOMENT}
    return RunnerState(
        id="r", instance="1", plugin="noop", host="h", version="1", slots=1, transfers=1,
        busy=busy, alive=alive, drain=drain, **times,
    )  # fmt: skip


RUNNERS: tuple[Sequence[RunnerState], ...] = (
    (),
    (runner(alive=False),),
    (runner(),),
    (runner(busy=1),),
    (runner(busy=1), runner(busy=1)),
    (runner(drained=NOTE),),
    (runner(drained=BARE), runner(drained=NOTE)),
)
JOBS = (
    job(1),
    job(1, not_before=MOMENT, failures=2),
    job(1, not_before=MOMENT, failures=2, error=JobError(message="no answer\nof http://x", kind="E")),
    job(1, status=Status.PAUSED),
    job(1, status=Status.PAUSED, held=NOTE),
    job(1, status=Status.PAUSED, held=BARE),
    job(1, status=Status.PAUSED, cancel=NOTE, owner="r"),
    job(1, status=Status.PAUSED, owner="r"),
)
POSITIONS = (None, Position(ahead=0), Position(ahead=1), Position(ahead=10_000, capped=True))


def waits() -> set[str]:
    found = set()
    for one, plugin, runners, position, running in product(JOBS, plugins(), RUNNERS, POSITIONS, (0, 1, 1200)):
        reason = waiting_reason(one, Circumstances(plugin, runners, running), position)
        assert reason is not None
        found.add(reason.sentence)
    return found


def test_every_sentence_about_waiting_is_said_in_german() -> None:
    sentences = waits()
    assert len(sentences) > 40
    for sentence in sentences:
        assert known(sentence, WAITING), sentence
        said = GERMAN(sentence)
        assert not re.search(r"\b(the|plugin|was|is|until|by|job|before|runner)\b", said), said
        assert not re.search(r"UTC|%\(", said), said


def test_moments_and_counts_are_the_reader_s() -> None:
    sentence = "All 1,200 slots of plugin jp2 are busy; 10,000+ jobs start before it."
    assert GERMAN(sentence) == (
        "Alle 1.200 Plätze des Plugins jp2 sind belegt; 10.000+ Jobs starten vor ihm."
    )
    assert ENGLISH(sentence) == sentence
    held = "It was held by anna at 2026-07-23 12:00:00 UTC, until an operator releases it."
    assert "14:00:00" in GERMAN(held)
    assert "13:00:00" in ENGLISH(held)


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        (STORE_AWAY.detail, "Was gespeichert ist"),
        (f"bo may not submit jobs (the right 'submit' is missing). {WHOM_TO_ASK}", "bo darf keine Jobs"),
        ("text: this field is required. Correct the request and send it again.", "text: dieses Feld ist"),
        ("There is no plugin 'x'. Use one of: a, b.", "Es gibt kein Plugin 'x'. Nehmen Sie eines von: a, b."),
        ("priority 5 to 9 by anna: exhibition", "Priorität von 5 auf 9 gesetzt von anna: exhibition"),
    ],
)
def test_details_of_problems_and_history_are_said_in_german(detail: str, said: str) -> None:
    assert GERMAN(detail).startswith(said)


def test_what_fits_no_form_stays_as_it_is_and_a_huge_one_is_cut() -> None:
    assert GERMAN("Ghostscript: undefined in 100% of pages") == "Ghostscript: undefined in 100% of pages"
    assert len(GERMAN("x" * 10_000_000)) == LONGEST + 1


def test_forms_hold_what_they_say_they_hold() -> None:
    for form in (*SENTENCES, *(form for forms in FORMS.values() for form in forms)):
        filled = re.sub(r"%\((moment)\)s", f"{datetime(2026, 1, 2, tzinfo=UTC):%Y-%m-%d %H:%M:%S} UTC", form)
        filled = re.sub(r"%\((count)\)s", "7", filled)
        filled = re.sub(r"%\((jobs)\)s", "7 jobs", filled)
        assert known(re.sub(r"%\(\w+\)s", "x", filled), (form,))
