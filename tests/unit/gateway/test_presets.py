"""Presets over HTTP and on the page of a new job: kept, used, and found not to fit any more."""

from datetime import UTC, datetime
from typing import Any

import pytest

from taskmanager.messages import RemovePreset, RenamePreset, SavePreset
from taskmanager.model.jobs import Attribution
from taskmanager.model.manifest import Need
from taskmanager.model.user_content.presets import Preset

from .conftest import PARAMETERS, Gateway, installed

NOW = datetime(2027, 1, 1, tzinfo=UTC)
PRESETS = "/api/v1/presets"
HTMX = {"HX-Request": "true"}
ME = "anonymous"


def preset(name: str, owner: str | None = ME, **fields: Any) -> Preset:
    saved = Attribution(by=ME, at=NOW)
    return Preset(**{"name": name, "owner": owner, "plugin": "form", "saved": saved, "rev": 1, **fields})


@pytest.fixture(autouse=True)
async def _plugins(gateway: Gateway) -> None:
    for name in ("form", "other"):
        gateway.reader.install(
            installed(
                name,
                parameters=PARAMETERS,
                source=Need.OPTIONAL,
                destination=Need.UNUSED,
                templates=("small", "large"),
                template_default="small",
            )
        )
    gateway.reader.known_presets = [
        preset("Mine", parameters={"rate": 3, "name": "x"}, template="large"),
        preset("Ours", None, parameters={"rate": 7}),
        preset("Mine", None, parameters={"rate": 9}),
        preset("His", "ben"),
    ]
    await gateway.services.catalogue.refresh()


def orders(gateway: Gateway) -> list[object]:
    return [one.order for one in gateway.scheduler.commands]


async def test_own_and_shared_presets_are_listed_and_shown(gateway: Gateway) -> None:
    listed = (await gateway.client.get(PRESETS)).json()["presets"]
    assert [(one["name"], one["shared"]) for one in listed] == [
        ("Mine", False),
        ("Mine", True),
        ("Ours", True),
    ]
    assert (await gateway.client.get(f"{PRESETS}/mine")).json()["parameters"] == {"rate": 3, "name": "x"}
    shared = (await gateway.client.get(f"{PRESETS}/mine?shared=true")).json()
    assert (shared["parameters"], shared["shared"]) == ({"rate": 9}, True)
    gone = await gateway.client.get(f"{PRESETS}/His")
    assert (gone.status_code, gone.json()["code"]) == (404, "problem.no_preset")


async def test_a_preset_that_the_plugin_accepts_is_saved(gateway: Gateway) -> None:
    body = {
        "plugin": "form",
        "template": "large",
        "parameters": {"rate": 2},
        "replace": True,
        "reason": "why",
    }
    answer = await gateway.client.put(f"{PRESETS}/Mine", json=body)
    assert (answer.status_code, answer.json()["outcome"]) == (200, "done")
    await gateway.client.put(f"{PRESETS}/Ours", json={"plugin": "form", "shared": True})
    assert orders(gateway) == [
        SavePreset(
            name="Mine", owner=ME, plugin="form", template="large", parameters={"rate": 2}, replace=True
        ),
        SavePreset(name="Ours", plugin="form"),
    ]
    assert gateway.scheduler.commands[0].reason == "why"


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"plugin": "form", "parameters": {"rate": 0}}, 422, "parameters.rate"),
        ({"plugin": "form", "parameters": {"speed": 1}}, 422, "speed"),
        ({"plugin": "form", "template": "huge"}, 404, "huge"),
        ({"plugin": "none"}, 404, "none"),
        ({"plugin": "form", "owner": "ben"}, 422, "owner"),
    ],
)
async def test_one_that_does_not_fit_is_refused(
    gateway: Gateway, body: dict[str, Any], status: int, told: str
) -> None:
    answer = await gateway.client.put(f"{PRESETS}/New", json=body)
    assert (answer.status_code, told in answer.text) == (status, True)
    assert orders(gateway) == []


async def test_presets_are_renamed_and_deleted(gateway: Gateway) -> None:
    await gateway.client.post(f"{PRESETS}/mine/rename", json={"name": "Yours"})
    await gateway.client.request("DELETE", f"{PRESETS}/ours?shared=true")
    assert orders(gateway) == [
        RenamePreset(name="Mine", owner=ME, plugin="form", new_name="Yours"),
        RemovePreset(name="Ours", plugin="form"),
    ]
    assert (await gateway.client.request("DELETE", f"{PRESETS}/ours")).status_code == 404


async def test_a_job_takes_from_a_preset_what_it_does_not_say_itself(gateway: Gateway) -> None:
    answer = await gateway.client.post("/api/v1/jobs", json={"preset": "Mine", "parameters": {"rate": 5}})
    assert answer.status_code == 202
    [submit] = gateway.submitted()
    assert (submit.spec.plugin, submit.spec.template) == ("form", "large")
    assert submit.spec.parameters == {"rate": 5, "name": "x"}


async def test_each_job_of_a_chain_may_have_its_own(gateway: Gateway) -> None:
    body = {"preset": "Mine", "after": [{"preset": "Ours", "template": "large"}, {"plugin": "other"}]}
    assert (await gateway.client.post("/api/v1/jobs", json=body)).status_code == 202
    first, second, third = gateway.submitted()
    assert [one.spec.parameters for one in (first, second, third)] == [
        {"rate": 3, "name": "x"},
        {"rate": 7},
        {},
    ]
    assert second.spec.template == "large"


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"preset": "none"}, 404, "There is no preset 'none'"),
        ({"preset": "Mine", "plugin": "other"}, 422, "the preset 'Mine' is for the plugin 'form'"),
        ({"preset": 3}, 422, "is no name"),
        ({"plugin": "form", "title": '"preset"', "presets": 1}, 422, "presets"),
    ],
)
async def test_a_preset_that_cannot_be_meant_is_an_error(
    gateway: Gateway, body: dict[str, Any], status: int, told: str
) -> None:
    answer = await gateway.client.post("/api/v1/jobs", json=body)
    assert (answer.status_code, told in answer.text) == (status, True)
    assert gateway.submitted() == []


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"template": "huge"}, "huge"),
        ({"parameters": {"rate": "fast"}}, "parameters.rate"),
        ({"parameters": {"speed": 1}}, "speed"),
    ],
)
async def test_a_preset_that_no_longer_fits_is_named_with_its_parameter(
    gateway: Gateway, changed: dict[str, Any], named: str
) -> None:
    gateway.reader.known_presets = [preset("Old", **changed)]
    answer = await gateway.client.post("/api/v1/jobs", json={"preset": "old"})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (
        404 if "template" in changed else 422,
        "problem.preset_misfit",
    )
    assert problem["detail"].startswith("The preset 'old' no longer fits its plugin.")
    assert named in answer.text
    itm = await gateway.client.post("/itm/service", json={"jobtype": "FORM", "preset": "Old"})
    assert "no longer fits" in itm.json()["ERRORMESSAGE"]


async def test_a_call_of_goobi_may_name_a_preset(gateway: Gateway) -> None:
    call = {"jobtype": "FORM", "goobiId": "17", "stepId": "3", "preset": "mine", "parameters": {"rate": 4}}
    assert (await gateway.client.post("/itm/service", json=call)).status_code == 200
    other = {**call, "preset": "Ours"}
    assert (await gateway.client.post("/itm/service", json=other)).status_code == 200
    first, second = gateway.submitted()
    assert (first.spec.template, first.spec.parameters) == ("large", {"rate": 4, "name": "x"})
    assert first.spec.unique != second.spec.unique


async def test_the_page_fills_its_form_with_a_preset_and_saves_one(gateway: Gateway) -> None:
    page = (await gateway.client.get("/new-job/form")).text
    assert '<option value="own/Mine">Mine</option>' in " ".join(page.split())
    filled = (await gateway.client.get("/new-job/form?preset=own%2FMine")).text
    assert 'value="3"' in filled
    assert '<option value="large" selected>' in filled
    entered = {"template": "large", "parameter.rate": "4", "preset_name": " Neu ", "title": "not kept"}
    saved = await gateway.client.post("/ui/new-job/form/preset", data=entered, headers=HTMX)
    assert saved.headers["HX-Redirect"] == "/new-job/form?preset=own%2FNeu"
    chosen = {**entered, "preset_chosen": "shared/Ours", "new_name": "Theirs"}
    for action in ("rename", "delete"):
        answer = await gateway.client.post(f"/ui/new-job/form/preset/{action}", data=chosen, headers=HTMX)
        assert answer.is_success
    assert orders(gateway) == [
        SavePreset(name="Neu", owner=ME, plugin="form", template="large", parameters={"rate": 4}),
        RenamePreset(name="Ours", plugin="form", new_name="Theirs"),
        RemovePreset(name="Ours", plugin="form"),
    ]


@pytest.mark.parametrize("entered", [{"preset_name": ""}, {"preset_name": "a/b"}])
async def test_a_preset_of_the_page_needs_a_name(gateway: Gateway, entered: dict[str, str]) -> None:
    answer = await gateway.client.post("/ui/new-job/form/preset", data=entered, headers=HTMX)
    assert answer.status_code == 422
    assert orders(gateway) == []
