"""Runners kept by orchestrators in the API and on the page of their plugin, and who may change them."""

import re
from typing import Any

import pytest

from taskmanager.messages import ScalingCommand
from taskmanager.model.access import Right
from taskmanager.model.jobs import Attribution
from taskmanager.model.replicas import Replica, ReplicaSet, ReplicaState, ScalingAction, ScalingMode, Wish
from taskmanager.model.states import Status

from .conftest import MOMENT, Gateway, job
from .test_runner_pages import runner

ADDRESS = "/api/v1/plugins/noop/replicas"
PAGE = "/ui/plugins/noop/replicas"
ENGLISH = {"hx-request": "true", "accept-language": "en"}
GERMAN = {"hx-request": "true", "accept-language": "de"}
RUNNING, STARTING, FAILING = ReplicaState.RUNNING, ReplicaState.STARTING, ReplicaState.FAILING


def replica(name: str, state: ReplicaState = RUNNING, **fields: Any) -> Replica:
    return Replica(name=name, runner=name, state=state, **fields)


def put(gateway: Gateway, *replicas: Replica, wish: Wish | None = None, **fields: Any) -> None:
    made = {"engine": "docker", "most": 4, "agent": "a", "reported": MOMENT, **fields}
    one = ReplicaSet(
        plugin="noop", place="here", wish=wish or Wish(desired=1, max=4), replicas=replicas, **made
    )
    gateway.reader.known_replicas[one.key] = one


async def shown(gateway: Gateway, headers: dict[str, str] | None = None) -> str:
    return (await gateway.client.get(PAGE, headers=headers or ENGLISH)).text


async def test_engine_and_runners_together_say_what_a_replica_does(gateway: Gateway) -> None:
    names = ("a", "b", "c", "d", "e")
    gateway.reader.known_runners = {name: runner(name) for name in ("a", "c", "d")}
    gateway.reader.known_runners["b"] = runner("b", alive=False)
    replicas = [replica(name) for name in names[:4]] + [
        replica("e", FAILING, failures=3, detail="exit code 1")
    ]
    put(gateway, *replicas, retiring=("c",), stopping=("d",), wished=Attribution(by="anna", at=MOMENT))
    [one] = (await gateway.client.get(ADDRESS)).json()["replicas"]
    assert {entry["name"]: entry["condition"] for entry in one["replicas"]} == {
        "a": "running",
        "b": "starting",
        "c": "draining",
        "d": "stopping",
        "e": "failing",
    }
    assert one["counts"] == {"running": 1, "starting": 1, "draining": 1, "stopping": 1, "failing": 1}
    assert (one["wished"]["by"], one["mode"], one["desired"], one["heard"]) == ("anna", "manual", 1, True)


async def test_a_number_becomes_a_command(gateway: Gateway) -> None:
    put(gateway)
    answer = await gateway.client.put(f"{ADDRESS}/here", json={"desired": 3, "reason": "newspapers"})
    assert answer.status_code == 200
    assert answer.json()["replicas"]["place"] == "here"
    command = gateway.scheduler.commands[-1]
    assert command.reason == "newspapers"
    assert command.order == ScalingCommand(
        plugin="noop", place="here", action=ScalingAction.SCALE, mode=ScalingMode.MANUAL, desired=3
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"desired": -1},
        {"desired": 1001},
        {"desired": 1, "max": 2},
        {"mode": "auto", "min": 1},
        {"mode": "auto", "min": 0, "max": 2, "desired": 1},
        {"mode": "sometimes", "desired": 1},
        {"desired": 1, "image": "other"},
    ],
)
async def test_what_is_no_number_of_runners_is_refused(gateway: Gateway, body: dict[str, Any]) -> None:
    answer = await gateway.client.put(f"{ADDRESS}/here", json=body)
    assert answer.status_code == 422
    assert not gateway.scheduler.commands


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("POST", f"{ADDRESS}/here/restart", ScalingAction.RENEW),
        ("DELETE", f"{ADDRESS}/here", ScalingAction.FORGET_PLACE),
    ],
)
async def test_other_commands_name_the_place(
    gateway: Gateway, method: str, path: str, action: ScalingAction
) -> None:
    assert (await gateway.client.request(method, path)).status_code == 200
    order = gateway.scheduler.commands[-1].order
    assert order == ScalingCommand(plugin="noop", place="here", action=action)


async def test_an_unknown_place_is_not_found(gateway: Gateway) -> None:
    gateway.scheduler.outcome = "unknown"
    answer = await gateway.client.put(f"{ADDRESS}/there", json={"desired": 1})
    assert answer.status_code == 404
    assert answer.json()["code"] == "problem.no_place"
    assert (await gateway.client.get(f"{PAGE}/there/scale", headers=ENGLISH)).status_code == 404


async def test_a_plugin_without_an_orchestrator_has_no_section(gateway: Gateway) -> None:
    assert (await shown(gateway)).strip() == ""
    page = (await gateway.client.get("/plugins/noop", headers={"accept": "text/html"})).text
    assert f'hx-get="{PAGE}"' in page


async def test_the_page_shows_what_there_is_and_steps_from_it(gateway: Gateway) -> None:
    gateway.reader.known_runners = {"a": runner("a")}
    put(gateway, replica("a"), replica("<b>", FAILING, failures=2, detail="<i>no image</i>"))
    page = await shown(gateway)
    for words in ("1 wanted", "1 running", "1 failing", "failed 2 times in a row", "&lt;i&gt;no image"):
        assert words in page
    assert 'name="desired" value="0"' in page
    assert 'name="desired" value="2"' in page
    assert "2-mal nacheinander gescheitert" in await shown(gateway, GERMAN)


async def test_the_page_says_when_the_orchestrator_or_its_engine_is_away(gateway: Gateway) -> None:
    put(gateway, replica("a"), problem="docker: no answer")
    assert "docker: no answer" in await shown(gateway)
    put(gateway, replica("a"), heard=False)
    assert "has not reported since" in await shown(gateway)


@pytest.mark.parametrize(
    ("wish", "wanted"),
    [(Wish(desired=0), 0), (Wish(mode=ScalingMode.AUTO, max=2), 1), (Wish(desired=3, max=3), 3)],
)
async def test_only_a_plugin_whose_runners_do_not_come_by_themselves_raises_an_alarm(
    gateway: Gateway, wish: Wish, wanted: int
) -> None:
    put(gateway, wish=wish)
    assert (await gateway.client.get("/api/v1/plugins/noop")).json()["runners_wanted"] == wanted
    head = (await gateway.client.get("/ui/plugins/noop/head", headers=ENGLISH)).text
    assert ("No runner of this plugin is alive" in head) == (not wanted)
    home = (await gateway.client.get("/", headers={"accept": "text/html", "accept-language": "en"})).text
    alarm = re.search(r'<a href="/plugins/noop">[^<]*</a>:\s+no runner is alive\.', home)
    assert (alarm is not None) == (not wanted)


async def test_the_list_of_jobs_says_that_a_runner_is_on_its_way(gateway: Gateway) -> None:
    put(gateway, wish=Wish(mode=ScalingMode.AUTO, max=2))
    gateway.reader.put(job(1, "noop", status=Status.STARTED))
    page = (await gateway.client.get("/plugins/noop", headers={"accept": "text/html"})).text
    assert "a runner is being started" in page


async def test_limits_of_an_automatic_number_are_shown_instead_of_steps(gateway: Gateway) -> None:
    put(gateway, wish=Wish(mode=ScalingMode.AUTO, min=0, max=3, desired=2))
    page = await shown(gateway)
    assert "2 wanted, by itself from 0 to 3" in page
    assert 'name="desired"' not in page


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ({"mode": "manual", "desired": "2", "min": "0", "max": "4"}, {"desired": 2}),
        ({"mode": "auto", "desired": "2", "min": "1", "max": "4"}, {"min": 1, "max": 4}),
        ({"desired": "0"}, {"desired": 0}),
    ],
)
async def test_a_form_sends_the_numbers_of_its_mode(
    gateway: Gateway, form: dict[str, str], fields: dict[str, int]
) -> None:
    put(gateway)
    asked = await gateway.client.get(f"{PAGE}/here/scale", headers=ENGLISH)
    assert 'name="mode"' in asked.text
    answer = await gateway.client.post(f"{PAGE}/here/scale", data=form, headers=ENGLISH)
    assert answer.status_code == 204
    mode = ScalingMode(form.get("mode", "manual"))
    assert gateway.scheduler.commands[-1].order == ScalingCommand(
        plugin="noop", place="here", action=ScalingAction.SCALE, mode=mode, **fields
    )


@pytest.mark.parametrize(
    "form", [{"mode": "manual", "desired": ""}, {"mode": "auto", "min": "1"}, {"mode": "auto", "max": "x"}]
)
async def test_a_form_without_the_numbers_of_its_mode_sends_nothing(
    gateway: Gateway, form: dict[str, str]
) -> None:
    put(gateway)
    answer = await gateway.client.post(f"{PAGE}/here/scale", data=form, headers=ENGLISH)
    assert answer.status_code == 422
    assert not gateway.scheduler.commands


async def test_a_restart_is_asked_for_and_sent(gateway: Gateway) -> None:
    put(gateway, replica("a"))
    asked = await gateway.client.get(f"{PAGE}/here/renew", headers=ENGLISH)
    assert 'name="reason"' in asked.text
    answer = await gateway.client.post(f"{PAGE}/here/renew", data={"reason": "image"}, headers=ENGLISH)
    assert "one by one" in answer.headers["hx-trigger"]
    assert gateway.scheduler.commands[-1].reason == "image"


@pytest.mark.parametrize(
    ("replicas", "wish", "code", "told"),
    [
        ((replica("a", STARTING),), Wish(desired=1), "runner_starting", "is being started"),
        ((), Wish(mode=ScalingMode.AUTO, max=2), "runner_starting", "is being started"),
        ((replica("a"), replica("b")), Wish(desired=2, max=2), "runner_starting", "2 runners"),
        (
            (replica("a", FAILING, failures=4, detail="exit code 137"),),
            Wish(desired=1),
            "runner_failed_to_start",
            "4 times in a row a runner of plugin noop ended or could not be started: exit code 137",
        ),
        ((), Wish(desired=0), "no_runner", "No runner of plugin noop is alive"),
    ],
)
async def test_a_waiting_job_says_what_becomes_of_its_runner(
    gateway: Gateway, replicas: tuple[Replica, ...], wish: Wish, code: str, told: str
) -> None:
    put(gateway, *replicas, wish=wish)
    gateway.reader.put(job(1, "noop", status=Status.STARTED))
    waiting = (await gateway.client.get(f"/api/v1/jobs/{job(1).id}")).json()["waiting"]
    assert waiting["code"] == code
    assert told in waiting["sentence"]


def test_the_right_is_one_of_its_own() -> None:
    assert Right.SCALE not in {Right.READ, Right.SUBMIT, Right.OPERATE, Right.ADMIN}
