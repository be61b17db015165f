"""Every code can be said in every language, and a reader reads numbers and times as they write them."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from tests.unit.gateway.conftest import MOMENT, installed, job

import taskmanager
import taskmanager_gateway
import taskmanager_plugin_runner
import taskmanager_scheduler
from taskmanager.model.control import Drain, JobAction, Stop, judge
from taskmanager.model.jobs import Attribution, HistoryEntry, JobError
from taskmanager.model.queries import Position
from taskmanager.model.reasons import Code, Plural, Reason, history
from taskmanager.model.reasons.actions_taken import DEEDS
from taskmanager.model.reasons.catalogue import places, without_places
from taskmanager.model.registry import InstalledPlugin, RunnerState
from taskmanager.model.states import Status
from taskmanager.model.waiting import PluginLoad
from taskmanager_gateway.api.error_handlers import STORE_AWAY
from taskmanager_gateway.api.reasons_document import document
from taskmanager_gateway.codes import CATALOGUE, english, problems
from taskmanager_gateway.jobs.wait_reasons import waiting_reason
from taskmanager_gateway.web.shell.formats import Formats, zone_of
from taskmanager_gateway.web.shell.languages import LANGUAGES, translations
from taskmanager_gateway.web.shell.sentences import LONGEST, LONGEST_EVENT, Sentences

ROOT = Path(__file__).parents[3]
GERMAN = Sentences(Formats("de", zone_of("Europe/Berlin")))
ENGLISH = Sentences(Formats("en", zone_of("Europe/London")))
NOTE = Attribution(by="anna", at=MOMENT, reason="wrong scan")
BARE = Attribution(by="anna", at=MOMENT)
TRANSLATED = [language for language in LANGUAGES if language != "en"]


def sentences() -> Iterator[tuple[Code, str | Plural]]:
    for code in CATALOGUE:
        for sentence in code.sentences:
            yield code, sentence


def deeds() -> set[str]:
    """The audit's page has sentences of its own for them."""
    return set(DEEDS.codes)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_of_every_code_is_translated_with_the_same_parameters(language: str) -> None:
    known = translations(language)._catalog
    for code, sentence in sentences():
        quoted = isinstance(sentence, str) and not re.search(r"\w", without_places(sentence))
        if quoted or code.name in deeds():
            continue
        if isinstance(sentence, str):
            assert sentence in known, code.name
            assert places(known[sentence]) == places(sentence), code.name
        else:
            for number, form in enumerate((sentence.one, sentence.many)):
                assert (sentence.one, number) in known, code.name
                assert places(known[sentence.one, number]) <= places(form) | {"count"}, code.name
            assert places(known[sentence.one, 1]) == places(sentence.many), code.name


def test_the_fullest_sentence_of_a_code_comes_first_so_that_each_is_said() -> None:
    for code, sentence in sentences():
        said = code.sentence(Reason(code=code.name, parameters=dict.fromkeys(places(sentence), "x")))
        assert said == sentence, code.name


def sources() -> str:
    packages = (taskmanager, taskmanager_gateway, taskmanager_plugin_runner, taskmanager_scheduler)
    paths = [path for package in packages for path in Path(package.__path__[0]).rglob("*.py")]
    kept = [path for path in paths if not {"reasons", "codes", "testing"} & set(path.parts)]
    return "\n".join(path.read_text() for path in kept)


def test_every_code_is_told_by_somebody() -> None:
    """A code is used by its constant, `module.NAME`; codes in a table are used through the table."""
    told = set(re.findall(r"\b[a-z_]+\.[A-Z][A-Z0-9_]+\b", sources()))
    modules = [*Path(taskmanager.__path__[0], "model", "reasons").rglob("*.py")]
    modules += Path(taskmanager_gateway.__path__[0], "codes").glob("*.py")
    names = [
        f"{path.stem}.{name}"
        for path in modules
        for name in re.findall(r"^([A-Z][A-Z0-9_]+) = _(?!_)\w+\(", path.read_text(), re.MULTILINE)
    ]
    assert len(names) > 300
    assert [name for name in names if name not in told] == []


def test_the_page_of_the_codes_is_up_to_date() -> None:
    assert (ROOT / "docs/reasons.md").read_text() == document(), "run `make docs`"


def test_a_code_takes_the_parameters_of_one_of_its_sentences_and_no_others() -> None:
    assert english(history.HELD(by="anna")) == "held by anna"
    assert english(history.HELD(by="anna", why="wrong scan")) == "held by anna: wrong scan"
    with pytest.raises(TypeError, match=r"history\.held"):
        history.HELD(by="anna", reason="wrong scan")


def refusals() -> list[Reason]:
    notes: list[dict[str, Any]] = [{}, {"held": NOTE}, {"cancel": NOTE}, {"put_next": NOTE}, {"owner": "r"}]
    verdicts = [
        judge(job(1, status=status, **fields), action, 3)
        for status, fields, action in product(Status, notes, JobAction)
    ]
    return [verdict.refusal for verdict in verdicts if verdict.refusal is not None]


def test_a_refusal_is_said_within_its_problem() -> None:
    assert len(refusals()) > 50
    for refusal in refusals():
        told = problems.cannot("hold", refusal)
        assert english(told) == f"Cannot hold: {english(refusal)}."
        assert GERMAN(told) == f"Es ist nicht möglich, ihn anzuhalten: {GERMAN(refusal)}."
    unheard = problems.cannot("frobnicate", refusals()[0])
    assert english(unheard).startswith("Cannot frobnicate: the job")


def plugins() -> Iterator[InstalledPlugin]:
    yield installed("noop")
    yield installed("noop", max_running=1)
    for until, reason in product((None, MOMENT + timedelta(hours=1)), ("", "new disks")):
        stop = Stop(by="anna", at=MOMENT, reason=reason, until=until)
        yield installed("noop").model_copy(update={"stop": stop})


def runner(*, alive: bool = True, busy: int = 0, drained: Attribution | None = None) -> RunnerState:
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


def waits() -> Iterator[tuple[str, Reason]]:
    for one, plugin, runners, position, running in product(JOBS, plugins(), RUNNERS, POSITIONS, (0, 1, 1200)):
        waiting = waiting_reason(one, PluginLoad(plugin, runners, running), position)
        assert waiting is not None
        yield waiting.sentence, waiting.reason


def test_every_reason_to_wait_is_said_in_german_with_the_reader_s_times() -> None:
    found = dict(waits())
    assert len(found) > 40
    for sentence, reason in found.items():
        said = GERMAN(reason)
        assert said != sentence
        assert not re.search(r"\b(the|plugin|was|is|until|by|job|before|runner)\b", said), said
        assert not re.search(r"UTC|%\(", said), said


def test_moments_and_counts_are_the_reader_s() -> None:
    busy = PluginLoad(installed("jp2"), [runner()], 1_200)
    waiting = waiting_reason(job(1), busy, Position(ahead=10_000, capped=True))
    assert waiting is not None
    assert waiting.sentence == "The only slot of plugin jp2 is busy; 10,000+ jobs start before it."
    assert (
        GERMAN(waiting.reason)
        == "Der einzige Platz des Plugins jp2 ist belegt; 10.000+ Jobs starten vor ihm."
    )
    paused = job(
        1, status=Status.PAUSED, held=Attribution(by="anna", at=datetime(2026, 7, 23, 12, tzinfo=UTC))
    )
    held = waiting_reason(paused, busy)
    assert held is not None
    assert held.sentence == "It was held by anna at 2026-07-23 12:00:00 UTC, until an operator releases it."
    assert "14:00:00" in GERMAN(held.reason)
    assert "13:00:00" in ENGLISH(held.reason)


def test_one_and_many_have_forms_of_their_own() -> None:
    around = PluginLoad(installed("jp2", max_running=1), [runner()], 1)
    for ahead, said in ((1, "1 Job startet vor ihm."), (2, "2 Jobs starten vor ihm.")):
        waiting = waiting_reason(job(1), around, Position(ahead=ahead))
        assert waiting is not None
        assert GERMAN(waiting.reason).endswith(said)


def test_details_of_problems_and_history_are_said_in_german() -> None:
    assert GERMAN(STORE_AWAY.told).startswith("Was gespeichert ist")
    known = problems.UNKNOWN_PLUGIN(plugin="x", known="a, b")
    assert GERMAN(known) == "Es gibt kein Plugin 'x'. Nehmen Sie eines von: a, b."
    changed = history.PRIORITY(old=5, new=9, by="anna", why="exhibition")
    assert GERMAN(changed) == "Priorität von 5 auf 9 gesetzt von anna: exhibition"


def test_what_an_earlier_version_wrote_is_shown_as_it_is_and_what_is_huge_is_cut() -> None:
    stored = {"at": MOMENT, "status": "STARTED", "attempt": 0, "note": "held by anna at 100%"}
    entry = HistoryEntry.model_validate(stored)
    assert GERMAN.event(entry.told) == "held by anna at 100%"
    failed = history.FAILED(error="x" * 1_000_000)
    assert len(GERMAN(failed)) == LONGEST + 1
    assert len(GERMAN.event(failed)) == LONGEST_EVENT + 1


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ({"code": "history.teleported"}, "history.teleported"),
        (
            {"code": "history.teleported", "parameters": {"to": "r2", "count": 1000, "at": "soon"}},
            "history.teleported (to: r2, count: 1.000, at: soon)",
        ),
        (
            {"code": "history.held", "parameters": {"for": 1.5, "all": True, "of": ["a"]}, "since": 1},
            'history.held (for: 1.5, all: true, of: ["a"])',
        ),
        ({"code": "history.held", "parameters": {"whom": "anna"}}, "history.held (whom: anna)"),
        (
            {"code": "history.held", "parameters": {"by": "anna", "mood": "angry"}},
            "angehalten von anna",
        ),
        (
            {"code": "history.lost", "parameters": {"runner": "r", "cause": {"code": "history.storm"}}},
            "mit dem Runner r verloren: history.storm",
        ),
    ],
)
def test_a_code_of_a_newer_service_is_shown_and_never_fails(reason: dict[str, Any], said: str) -> None:
    assert GERMAN(Reason.model_validate(reason)) == said
