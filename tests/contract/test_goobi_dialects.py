"""Every kind of report through every dialect of ours, over real HTTP, to a Goobi with all its traps."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from taskmanager.goobi.settings import parse
from taskmanager.model.jobs import GoobiReference
from taskmanager.model.log_types import LogType
from taskmanager.model.reports import Facts, OperatorMessage, Report, ReportKind
from taskmanager.model.states import Status
from taskmanager_scheduler.goobi.calls import Fate, Judgement
from taskmanager_scheduler.goobi.telling import Telling
from taskmanager_testing.goobi import (
    API_TOKEN,
    JWT_SECRET,
    TOKEN,
    Allow,
    Endpoint,
    EventKind,
    FakeGoobi,
    Fault,
    FaultKind,
    Process,
    Step,
    StepStatus,
    running_goobi,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HARD_TEXT = 'Päge 1+1 = 100 % of "all" <b>&amp; %2B</b>\nsecond line; Ω'
KINDS = (ReportKind.MESSAGE, ReportKind.CLOSE_STEP, ReportKind.ERROR_STEP)


@dataclass
class Office:
    """One installation as the scheduler has it, and the Goobi behind it."""

    goobi: FakeGoobi
    url: str
    folder: Path
    dialect: str

    @property
    def process(self) -> Process:
        return self.goobi.workflow.process(1)

    @property
    def step(self) -> Step:
        return self.process.steps[0]

    def tell(self, *reports: Report, doubtful: bool = False, **more: Any) -> list[Judgement]:
        """What became of each, by one and the same client."""

        async def told() -> list[Judgement]:
            telling = self._telling(more)
            try:
                return [await telling.tell(report, doubtful=doubtful) for report in reports]
            finally:
                await telling.close()

        return asyncio.run(told())

    def fate(self, report: Report, **more: Any) -> Fate:
        (judgement,) = self.tell(report, **more)
        return judgement.fate

    def _telling(self, more: Mapping[str, Any]) -> Telling:
        table = {
            "dialect": self.dialect,
            "url": f"{self.url}/goobi",
            "token_file": self.secret(TOKEN),
            **more,
        }
        settings = parse({"installations": {"main": {k: v for k, v in table.items() if v}}}, "goobi.toml")
        return Telling(settings, settings.installations["main"])

    def secret(self, text: str) -> str:
        file = self.folder / f"secret-{len(text)}"
        file.write_text(f"{text}\n", encoding="ascii")
        return str(file)


@pytest.fixture(params=["webapi", "rest", "core"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    goobi = FakeGoobi.with_books()
    with running_goobi(goobi) as server:
        yield Office(goobi, server.url, tmp_path, request.param)


def report(kind: ReportKind, *, step: int | None = 11, text: str = "hello", **more: Any) -> Report:
    words = OperatorMessage(type=more.pop("type", LogType.INFO), text=text)
    return Report(
        id=f"job-1:{kind}",
        job="job-1",
        seq=1,
        kind=kind,
        status=more.pop("status", Status.DONE),
        goobi=GoobiReference(process_id=1, step_id=step),
        facts=Facts(plugin="jp2", files=3, bytes=1000, seconds=1.0, by="ada", error="it broke"),
        message=words if kind is ReportKind.MESSAGE else None,
        created=NOW,
        since=NOW,
        next_try=NOW,
        **more,
    )


@pytest.mark.parametrize("step", [11, None])
def test_every_character_of_a_message_arrives(office: Office, step: int | None) -> None:
    assert office.fate(report(ReportKind.MESSAGE, step=step, text=HARD_TEXT)) is Fate.DONE
    (entry,) = office.process.journal
    assert entry.message.endswith(HARD_TEXT)
    assert "ada" in f"{entry.user} {entry.message}"


@pytest.mark.parametrize("word", LogType)
def test_every_type_of_a_message_is_one_that_goobi_knows(office: Office, word: LogType) -> None:
    assert office.fate(report(ReportKind.MESSAGE, type=word)) is Fate.DONE
    (entry,) = office.process.journal
    expected = "user" if word is LogType.IMPORTANT and office.dialect != "core" else word
    assert entry.type == expected


@pytest.mark.parametrize(
    ("status", "word", "said"),
    [
        (Status.DONE, "info", "3 files"),
        (Status.ERROR, "error", "it broke"),
        (Status.CANCELLED, "warn", "cancelled by ada"),
    ],
)
def test_every_end_of_a_job_is_an_entry(office: Office, status: Status, word: str, said: str) -> None:
    assert office.fate(report(ReportKind.ENTRY, status=status)) is Fate.DONE
    (entry,) = office.process.journal
    assert (entry.type, said in entry.message) == (word, True)


def test_a_close_moves_the_workflow_on(office: Office) -> None:
    assert office.fate(report(ReportKind.CLOSE_STEP)) is Fate.DONE
    assert [step.status for step in office.process.steps] == ["stepdone", "stepopen", "steplocked"]


@pytest.mark.parametrize("doubtful", [False, True])
def test_a_close_of_a_closed_step_counts_as_done(office: Office, *, doubtful: bool) -> None:
    close = report(ReportKind.CLOSE_STEP)
    assert [one.fate for one in office.tell(close, close, doubtful=doubtful)] == [Fate.DONE, Fate.DONE]
    assert office.step.closings == 1
    assert office.process.steps[1].status is StepStatus.OPEN


def test_an_error_sets_the_step_and_writes_nothing(office: Office) -> None:
    assert office.fate(report(ReportKind.ERROR_STEP, status=Status.ERROR)) is Fate.DONE
    assert office.step.status is StepStatus.ERROR
    assert office.process.journal == []


def test_a_step_in_error_can_be_closed(office: Office) -> None:
    office.tell(report(ReportKind.ERROR_STEP, status=Status.ERROR), report(ReportKind.CLOSE_STEP))
    assert office.step.status is StepStatus.DONE


def test_a_callback_is_called_with_its_job_type_and_closes_nothing_itself(office: Office) -> None:
    office.goobi.workflow.ocr_jobs["7"] = 11
    url = f"{office.url}/goobi/api/plugins/ocr/7/done"
    for half in ("antiqua", "fracture"):
        callback = report(ReportKind.CALLBACK, callback_url=url, callback_job_type=half)
        assert office.fate(callback) is Fate.DONE
    assert office.goobi.workflow.ocr_halves["7"] == {"antiqua", "fracture"}
    assert {one.path for one in office.goobi.seen} == {"/goobi/api/plugins/ocr/7/done"}
    assert office.step.closings == 1


@pytest.mark.parametrize("kind", [ReportKind.CLOSE_STEP, ReportKind.ERROR_STEP, ReportKind.MESSAGE])
def test_a_step_that_is_not_there_is_never_taken_for_done(office: Office, kind: ReportKind) -> None:
    if kind is ReportKind.MESSAGE and office.dialect == "core":
        pytest.skip("the core interface writes an entry to the process and asks for no step")
    assert office.fate(report(kind, step=999)) is not Fate.DONE


def test_a_close_that_the_validation_refuses_is_tried_again(office: Office) -> None:
    office.step.validation_fails = True
    assert office.fate(report(ReportKind.CLOSE_STEP)) is Fate.AGAIN
    office.step.validation_fails = False
    assert office.fate(report(ReportKind.CLOSE_STEP), doubtful=True) is Fate.DONE


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", [FaultKind.GARBAGE, FaultKind.ERROR, FaultKind.RESET, FaultKind.LOST])
def test_no_fault_on_the_way_is_taken_for_done(office: Office, kind: ReportKind, fault: FaultKind) -> None:
    office.goobi.faults.set(Fault(fault, times=1, status=503))
    asked = report(kind)
    (first,) = office.tell(asked)
    assert first.fate in {Fate.AGAIN, Fate.AWAY}
    assert office.fate(asked, doubtful=True) is Fate.DONE
    events = [event.kind for event in office.goobi.workflow.events]
    assert events.count(EventKind.CLOSED) == (kind is ReportKind.CLOSE_STEP)
    once = office.dialect == "core" or fault is not FaultKind.LOST
    if kind is ReportKind.MESSAGE:
        assert len(office.process.journal) == (1 if once else 2)


def test_an_answer_that_comes_too_late_is_as_good_as_none(office: Office) -> None:
    office.goobi.faults.set(Fault(FaultKind.SLOW, times=1, delay_seconds=1.5))
    assert office.fate(report(ReportKind.CLOSE_STEP), timeout_seconds=0.3) is Fate.AWAY
    assert office.fate(report(ReportKind.CLOSE_STEP), doubtful=True) is Fate.DONE
    assert office.step.closings <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_token_is_said_in_words_without_it(office: Office, kind: ReportKind) -> None:
    wrong = office.secret("a wrong token, much longer than the good one")
    (judgement,) = office.tell(report(kind), token_file=wrong)
    assert judgement.fate is Fate.AGAIN
    assert "401" in judgement.words
    assert "token" in judgement.words
    assert "much longer" not in judgement.words
    assert office.goobi.workflow.events[1:] == []


def test_a_goobi_that_is_off_or_gone_is_away(office: Office) -> None:
    office.url = "http://127.0.0.1:9"
    (judgement,) = office.tell(report(ReportKind.CLOSE_STEP))
    assert judgement.fate is Fate.AWAY
    assert "127.0.0.1" in judgement.words


def test_the_web_api_that_is_not_switched_on_is_named(office: Office) -> None:
    if office.dialect != "webapi":
        pytest.skip("the REST interfaces have no such switch")
    office.goobi.webapi.enabled = False
    (judgement,) = office.tell(report(ReportKind.CLOSE_STEP))
    assert judgement.fate is Fate.AWAY
    assert "useWebApi" in judgement.words


@pytest.mark.parametrize("way", ["api_token", "jwt", "jwt of the day"])
def test_the_rest_interfaces_take_an_api_token_and_a_jwt(office: Office, way: str) -> None:
    if office.dialect == "webapi":
        pytest.skip("the web API knows its password only")
    office.goobi.rest.endpoints = []
    more: dict[str, Any] = {"token_file": None, "api_token_file": office.secret(API_TOKEN)}
    if way != "api_token":
        access = {"secret_file": office.secret(JWT_SECRET), "daily_key": way == "jwt of the day"}
        more = {"token_file": None, "jwt": access}
    for kind in KINDS:
        assert office.fate(report(kind), **more) is Fate.DONE


def test_a_blank_token_in_the_rules_lets_the_address_alone_decide(office: Office) -> None:
    if office.dialect == "webapi":
        pytest.skip("the web API always wants its password")
    rules = {method: [Allow(token="")] for method in ("get", "post", "put")}
    office.goobi.rest.endpoints = [Endpoint(".*", rules)]
    assert office.fate(report(ReportKind.CLOSE_STEP), token_file=None) is Fate.DONE
