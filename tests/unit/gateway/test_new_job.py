"""The page on which a person submits a job."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from taskmanager.files.parts import Parts
from taskmanager.files.roots import Roots
from taskmanager.model.manifest import Need, Parameters
from taskmanager.model.states import Status
from taskmanager_gateway.http.problems import ProblemError
from taskmanager_gateway.web.new_job.parameter_fields import Kind, parameter_fields, parameters_from
from taskmanager_plugin_runner.files.sources import scan_parts

from .conftest import PARAMETERS, Gateway, installed, job

HTMX = {"HX-Request": "true"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "$defs": {"Colour": {"enum": ["red", "green"], "title": "Colour"}},
    "properties": {
        "rate": {"type": "integer", "minimum": 1, "maximum": 10, "title": "Rate", "default": 4},
        "share": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": None},
        "colour": {"$ref": "#/$defs/Colour"},
        "again": {"allOf": [{"$ref": "#/$defs/Colour"}], "x-titles": {"de": "Nochmals"}},
        "flat": {"type": "boolean", "default": False},
        "names": {"type": "array", "items": {"type": "string"}},
        "language": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
        "table": {"type": "object"},
        "mode": {"enum": ["a", "", None]},
    },
    "required": ["rate"],
}


@pytest.fixture(autouse=True)
async def _form_plugin(gateway: Gateway) -> None:
    gateway.reader.install(
        installed("form", parameters=PARAMETERS, source=Need.OPTIONAL, destination=Need.UNUSED)
    )
    await gateway.services.catalogue.refresh()


def test_each_parameter_is_a_field_of_its_kind() -> None:
    fields = {one.name: one for one in parameter_fields(SCHEMA, "de", {"rate": 3, "names": ["a", "b"]})}
    assert {name: one.kind for name, one in fields.items()} == {
        "rate": Kind.INTEGER,
        "share": Kind.NUMBER,
        "colour": Kind.CHOICE,
        "again": Kind.CHOICE,
        "flat": Kind.FLAG,
        "names": Kind.LIST,
        "language": Kind.TEXT,
        "table": Kind.JSON,
        "mode": Kind.CHOICE,
    }
    assert (fields["rate"].lowest, fields["rate"].highest) == (1, 10)
    assert (fields["rate"].default, fields["rate"].value, fields["rate"].required) == ("4", "3", True)
    assert (fields["again"].title, fields["colour"].title, fields["share"].title) == (
        "Nochmals",
        "Colour",
        "share",
    )
    assert (fields["colour"].choices, fields["mode"].choices) == (("red", "green"), ("a",))
    assert (fields["names"].value, fields["flat"].default) == ("a\nb", "false")


def test_what_is_entered_becomes_parameters_and_what_is_empty_is_not_given() -> None:
    entered = {
        "parameter.rate": " 5 ",
        "parameter.share": "0,5",
        "parameter.colour": "",
        "parameter.flat": "false",
        "parameter.names": "a\n\n b \n",
        "parameter.table": '{"x": [1]}',
        "parameter.unknown": "x",
        "rate": "9",
    }
    assert parameters_from(SCHEMA, entered) == {
        "rate": 5,
        "share": 0.5,
        "flat": False,
        "names": ["a", "b"],
        "table": {"x": [1]},
    }


def test_what_cannot_be_read_is_told_of_its_field() -> None:
    entered = {"parameter.rate": "many", "parameter.table": "{", "parameter.share": "x"}
    with pytest.raises(ProblemError) as raised:
        parameters_from(SCHEMA, entered)
    fields = [error.field for error in raised.value.problem.extensions["errors"]]
    assert fields == ["parameters.rate", "parameters.share", "parameters.table"]


@pytest.mark.parametrize(
    "schema", [{}, {"properties": []}, {"properties": {"a": True}}, Parameters.model_json_schema()]
)
def test_any_schema_gives_some_form(schema: dict[str, Any]) -> None:
    assert all(one.kind is Kind.JSON for one in parameter_fields(schema, "en"))


async def test_the_plugins_to_choose_from_lead_to_their_forms(gateway: Gateway) -> None:
    page = (await gateway.client.get("/new-job")).text
    assert 'href="/new-job/form"' in page
    form = (await gateway.client.get("/new-job/form")).text
    assert 'name="parameter.rate"' in form
    assert (await gateway.client.get("/new-job/none")).status_code == 404


async def test_a_submitted_form_is_one_job_however_often_it_is_sent(gateway: Gateway) -> None:
    form = (await gateway.client.get("/new-job/form")).text
    key = re.search(r'name="key" value="([^"]+)"', form)
    assert key
    entered = {"key": key[1], "title": "Band 1", "priority": "8", "parameter.rate": "3", "process_id": "4711"}

    answers = [await gateway.client.post("/ui/new-job/form", data=entered, headers=HTMX) for _ in range(2)]

    (submit,) = gateway.submitted()
    assert {answer.headers["HX-Redirect"] for answer in answers} == {f"/jobs/{submit.job}"}
    assert (submit.spec.title, submit.spec.priority, submit.spec.parameters) == ("Band 1", 8, {"rate": 3})
    assert submit.spec.goobi is not None
    assert submit.spec.goobi.process_id == 4711


@pytest.mark.parametrize(
    ("entered", "told"),
    [
        ({"parameter.rate": "0"}, "parameters.rate"),
        ({"parameter.rate": "many"}, "parameters.rate"),
        ({"process_id": "x"}, "goobi.process_id"),
        ({"priority": "11"}, "priority"),
        ({"source": "/etc"}, "source"),
    ],
)
async def test_what_is_wrong_is_told_and_nothing_is_submitted(
    gateway: Gateway, entered: dict[str, str], told: str
) -> None:
    answer = await gateway.client.post("/ui/new-job/form", data=entered, headers=HTMX)
    assert answer.status_code == 422
    assert told in answer.text
    assert not gateway.submitted()


async def test_a_look_ahead_lists_the_files_and_submits_nothing(gateway: Gateway, roots: Path) -> None:
    gateway.reader.install(installed("jpeg"))
    await gateway.services.catalogue.refresh()
    source = roots / "book"
    source.mkdir()
    for name in ("page 10.tif", "page 9.tif", ".hidden"):
        (source / name).write_bytes(b"x" * 1000)
    entered = {"source": str(source), "destination": str(roots / "out")}

    shown = (await gateway.client.post("/ui/new-job/jpeg/look", data=entered, headers=HTMX)).text
    assert "It would be accepted." in shown
    assert "It would take 2 files of its source" in shown
    assert shown.index("page 9.tif") < shown.index("page 10.tif")
    missing = {**entered, "source": str(roots / "none")}
    shown = (await gateway.client.post("/ui/new-job/jpeg/look", data=missing, headers=HTMX)).text
    assert "it would then fail: the source" in shown
    shown = (await gateway.client.post("/ui/new-job/jpeg/look", data={}, headers=HTMX)).text
    assert "It would be refused." in shown
    assert not gateway.submitted()


async def test_a_look_ahead_takes_the_parts_of_a_tree_that_the_runner_takes(
    gateway: Gateway, roots: Path
) -> None:
    patterns = ("meta.xml", "images/{title}_media/*|images/master_{title}_media/*")
    parts = installed(
        "book",
        templates=("pages", "texts"),
        template_default="pages",
        source_parts=patterns,
        template_source_parts={"texts": ("ocr/**",)},
    )
    gateway.reader.install(parts)
    await gateway.services.catalogue.refresh()
    names = ("meta.xml", "notes.txt", *(f"images/master_zoo_media/{page}.tif" for page in (10, 9)))
    for name in names:
        (roots / "17" / name).parent.mkdir(parents=True, exist_ok=True)
        (roots / "17" / name).write_bytes(b"x" * 1000)
    (roots / "17/images/master_zoo_media/away.tif").symlink_to("/etc/passwd")
    entered = {"source": str(roots / "17"), "destination": str(roots / "17" / "ocr"), "title": "zoo"}

    async def look(**more: str) -> str:
        data = {**entered, **more}
        return (await gateway.client.post("/ui/new-job/book/look", data=data, headers=HTMX)).text

    assert "link that is not followed" in await look()
    (roots / "17/images/master_zoo_media/away.tif").unlink()
    shown = await look()
    assert "It would take 3 files of its source, 3.0 kB" in " ".join(shown.replace("\xa0", " ").split())
    places = [shown.index(name) for name in ("master_zoo_media/9.tif", "master_zoo_media/10.tif", "meta.xml")]
    assert places == sorted(places)
    assert "notes.txt" not in shown
    by_runner = scan_parts(roots / "17", Roots.of([roots]), Parts(patterns, {"title": "zoo"}))
    assert [one.name for one in by_runner] == re.findall(r"<bdi>([^<]+)</bdi>", shown)
    assert "nothing of what the job takes (ocr/**)" in await look(template="texts")


async def test_folders_are_shown_beneath_the_roots_only(gateway: Gateway, roots: Path) -> None:
    (roots / "a & b" / "<c>").mkdir(parents=True)
    (roots / "a & b" / "1.tif").write_bytes(b"x")
    (roots / "away").symlink_to("/etc")

    async def ask(path: str) -> httpx.Response:
        asked = {"field": "source", "path": path}
        return await gateway.client.get("/ui/folders", params=asked, headers=HTMX)

    assert str(roots) in (await ask("")).text
    shown = (await ask(f"{roots}/a & b")).text
    assert "&lt;c&gt;" in shown
    assert "1 file," in shown
    assert f'data-take="{roots}/a &amp; b"' in shown
    assert "There is no such folder." in (await ask(f"{roots}/none")).text
    for outside in ("/etc", f"{roots}/away", f"{roots}/../x", "relative"):
        assert (await ask(outside)).status_code == 422


async def test_a_form_like_a_job_or_kept_in_an_address_has_its_values(gateway: Gateway) -> None:
    before = job(1, "form", Status.DONE, title="Band 7", parameters={"rate": 9, "name": "x"}, priority=2)
    gateway.reader.put(before)
    form = (await gateway.client.get(f"/new-job/form?like={before.id}")).text
    assert 'value="Band 7"' in form
    assert re.search(r'value="9"[^>]*name="parameter.rate"', form)
    kept = (await gateway.client.get("/new-job/form?title=Band+8&parameter.rate=2&priority=3")).text
    assert 'value="Band 8"' in kept
    assert "<option selected>3</option>" in kept
