"""What a submission may get wrong, and what it is told."""

import asyncio
import json
import os
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from taskmanager.files.roots import Roots
from taskmanager.model.jobs import JobSpec
from taskmanager_gateway.http.problems import KINDS, ProblemError
from taskmanager_gateway.submissions.path_check import PathCheck

from .conftest import Gateway, installed

PREFIX = "urn:taskmanager:problem:"
Fields = dict[str, Any]


def kind(problem: dict[str, Any]) -> str:
    return str(problem["type"]).removeprefix(PREFIX)


def fields(problem: dict[str, Any]) -> list[str]:
    return [error["field"] for error in problem["errors"]]


@pytest.mark.parametrize(
    ("body", "status", "name"),
    [
        ({"plugin": "nope"}, 404, "unknown-plugin"),
        ({"plugin": "jp2", "template": "nope"}, 404, "unknown-template"),
        ({"plugin": "noop", "template": "any"}, 404, "unknown-template"),
        ({"plugin": "closed", "source": "/a", "destination": "/b"}, 409, "plugin-not-accepting"),
        ({"plugin": "NOT A NAME"}, 422, "invalid-request"),
        ({}, 422, "invalid-request"),
        ([], 422, "invalid-request"),
        (None, 422, "invalid-request"),
        ({"plugin": "noop", "priority": 11}, 422, "invalid-request"),
        ({"plugin": "noop", "priority": -1}, 422, "invalid-request"),
        ({"plugin": "noop", "priority": "5"}, 422, "invalid-request"),
        ({"plugin": "noop", "priority": True}, 422, "invalid-request"),
        ({"plugin": "noop", "goobi": {"process_id": "5"}}, 422, "invalid-request"),
        ({"plugin": "noop", "goobi": {"process_id": 2**63}}, 422, "invalid-request"),
        ({"plugin": "noop", "sauce": "/a"}, 422, "invalid-request"),
        ({"plugin": "noop", "title": "a\0b"}, 422, "invalid-request"),
        ({"plugin": "noop", "callback_url": "no url"}, 422, "invalid-request"),
        ({"plugin": "noop", "parameters": {"a": 2**64}}, 422, "invalid-request"),
        ({"plugin": "noop", "parameters": {"$ref": "a"}}, 422, "invalid-request"),
        ({"plugin": "noop", "parameters": {"a": {"b\0": 1}}}, 422, "invalid-request"),
        ({"plugin": "noop", "parameters": {"a": ["\0"]}}, 422, "invalid-request"),
        ({"plugin": "noop", "parameters": {"a": float("nan")}}, 422, "invalid-request"),
        ({"plugin": "noop", "parameters": {"a": float("inf")}}, 422, "invalid-request"),
        ({"plugin": "bare", "source": "/a"}, 422, "invalid-request"),
        ({"plugin": "jp2"}, 422, "invalid-request"),
        ({"plugin": "noop", "source": "relative"}, 422, "path-refused"),
        ({"plugin": "noop", "source": "/etc"}, 422, "path-refused"),
        ({"plugin": "noop", "source": "/etc/../etc"}, 422, "path-refused"),
    ],
)
async def test_bad_input_gets_a_problem_that_says_what_to_do(
    gateway: Gateway, body: Any, status: int, name: str
) -> None:
    answer = await gateway.client.post(
        "/api/v1/jobs", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )

    problem = answer.json()
    assert (answer.status_code, kind(problem)) == (status, name)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert gateway.publisher.messages == []


async def test_an_unknown_plugin_is_answered_with_the_known_ones(gateway: Gateway) -> None:
    assert (await gateway.submit(plugin="nope")).json()["known"] == ["bare", "closed", "jp2", "noop"]


async def test_an_unknown_template_is_answered_with_the_known_ones(gateway: Gateway) -> None:
    assert (await gateway.submit(plugin="jp2", template="x")).json()["known"] == ["fast", "lossless"]


async def test_every_wrong_field_is_named_with_its_path(gateway: Gateway) -> None:
    answer = await gateway.submit(priority=99, goobi={"process_id": "x", "more": 1}, sauce="/a")

    assert fields(answer.json()) == ["priority", "goobi.process_id", "goobi.more", "sauce"]


async def test_parameters_are_held_against_the_schema_of_the_plugin(gateway: Gateway, roots: Path) -> None:
    folder = str(roots)
    answer = await gateway.submit(
        plugin="jp2", source=folder, destination=folder, parameters={"rate": 0, "name": 5}
    )

    assert kind(answer.json()) == "invalid-parameters"
    assert fields(answer.json()) == ["parameters.rate", "parameters.name"]


async def test_an_unusable_schema_is_the_plugins_fault_and_told_so(gateway: Gateway) -> None:
    gateway.reader.install(
        installed("broken", source="unused", destination="unused", parameters={"type": "nonsense"})
    )
    gateway.reader.install(
        installed(
            "remote", source="unused", destination="unused", parameters={"$ref": "http://example.org/schema"}
        )
    )

    for plugin in ("broken", "remote"):
        answer = await gateway.submit(plugin=plugin)
        assert (answer.status_code, kind(answer.json())) == (503, "plugin-unusable")


@pytest.mark.parametrize("name", ["lossless", "lossless.xml", "none", "template"])
async def test_a_template_may_be_spelled_as_goobi_does(gateway: Gateway, roots: Path, name: str) -> None:
    answer = await gateway.submit(
        plugin="jp2", template=name, source=str(roots / "in"), destination=str(roots / "out")
    )

    assert answer.status_code == 202, answer.text


async def test_a_template_that_must_be_named_is_asked_for(gateway: Gateway, roots: Path) -> None:
    gateway.reader.install(installed("choosy", templates=("a", "b")))

    answer = await gateway.submit(plugin="choosy", source=str(roots), destination=str(roots))

    assert fields(answer.json()) == ["template"]


@pytest.mark.parametrize(
    ("source", "destination", "words"),
    [
        ("master", "master", "is the source"),
        ("master", "link", "is the source"),
        ("link", "master/new", "lies in the source"),
        ("master/1.jpg", "link", "is the folder of the source"),
        ("unseen", "unseen/new", "lies in the source"),
    ],
)
async def test_a_destination_that_is_the_source_is_refused(
    gateway: Gateway, roots: Path, source: str, destination: str, words: str
) -> None:
    (roots / "master").mkdir()
    (roots / "master" / "1.jpg").touch()
    (roots / "link").symlink_to(roots / "master")

    job = {"plugin": "jp2", "source": f"{roots}/{source}", "destination": f"{roots}/{destination}"}
    alone = (await gateway.submit(**job)).json()
    batch = (await gateway.client.post("/api/v1/jobs/batch", json={"jobs": [job]})).json()

    assert (kind(alone), fields(alone)) == ("path-refused", ["destination"])
    assert f"the destination {words}: name another folder, or a template" in alone["detail"]
    assert words in json.dumps(batch)
    assert gateway.publisher.messages == []


async def test_a_template_that_works_in_place_may_have_its_source_as_destination(
    gateway: Gateway, roots: Path
) -> None:
    gateway.reader.install(
        installed("shell", templates=("jpeg", "turn"), template_default="jpeg", templates_in_place=("turn",))
    )

    folders = {"source": str(roots), "destination": str(roots)}
    answers = [await gateway.submit(plugin="shell", template=name, **folders) for name in ("turn", "jpeg")]

    assert [answer.status_code for answer in answers] == [202, 422]


async def test_a_template_that_takes_parts_of_its_source_may_have_its_destination_in_it(
    gateway: Gateway, roots: Path
) -> None:
    parts = {"book": ("images/*/*",)}
    gateway.reader.install(
        installed("pdf", templates=("book", "flat"), template_default="book", template_source_parts=parts)
    )

    folders = {"source": str(roots), "destination": str(roots / "ocr" / "pdf")}
    answers = [
        await gateway.submit(plugin="pdf", template=name, **folders) for name in ("book.xml", None, "flat")
    ]

    assert [answer.status_code for answer in answers] == [202, 202, 422]


async def test_a_source_that_is_a_pipe_is_refused_without_opening_it(gateway: Gateway, roots: Path) -> None:
    os.mkfifo(roots / "pipe")

    answer = (await gateway.submit(source=str(roots / "pipe"), destination=str(roots / "out"))).json()

    assert (kind(answer), fields(answer)) == ("path-refused", ["source"])
    assert "is a named pipe: name a file or a folder" in answer["detail"]


async def test_a_link_that_leads_out_of_the_roots_is_refused(
    gateway: Gateway, roots: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (roots / "link").symlink_to(outside)
    (roots / "within").symlink_to(roots)

    assert kind((await gateway.submit(source=f"{roots}/link/x")).json()) == "path-refused"
    assert (await gateway.submit(source=f"{roots}/within/x")).status_code == 202


async def test_a_path_need_not_exist_yet(gateway: Gateway, roots: Path) -> None:
    assert (await gateway.submit(destination=f"{roots}/new/folder")).status_code == 202


async def test_a_circle_of_links_is_refused(gateway: Gateway, roots: Path) -> None:
    (roots / "a").symlink_to(roots / "b")
    (roots / "b").symlink_to(roots / "a")

    assert (await gateway.submit(source=f"{roots}/a/x")).status_code in {202, 422}


class _HangingRoots(Roots):
    """A network drive that does not answer."""

    released = threading.Event()

    def resolve(self, text: str) -> Path:
        self.released.wait()
        return Path(text)


async def test_a_file_system_that_hangs_holds_up_nobody(roots: Path) -> None:
    hanging = _HangingRoots((roots,))
    check = PathCheck(hanging, timedelta(milliseconds=20))
    spec = JobSpec(plugin="noop", source=str(roots))

    results = await asyncio.gather(*[check.errors([spec]) for _ in range(20)], return_exceptions=True)

    _HangingRoots.released.set()
    check.close()
    assert {result.problem.kind.name for result in results if isinstance(result, ProblemError)} == {
        "file-system-slow"
    }
    assert len(results) == 20


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"", "malformed-body"),
        (b"{", "malformed-body"),
        (b"\xff\xfe", "malformed-body"),
        (b'{"plugin":"noop","title":"\\ud800"}', "malformed-body"),
        (b'{"plugin":"noop","parameters":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}", "malformed-body"),
        (b'{"plugin":"noop","parameters":{"a":' + b"[" * 100 + b"]" * 100 + b"}}", "invalid-request"),
        (b'{"plugin":"noop","parameters":{"a":1' + b"0" * 5000 + b"}}", "malformed-body"),
        (b'{"plugin":"noop","parameters":{"a":1e999}}', "invalid-request"),
        (b'{"plugin":"noop","parameters":{"a":NaN}}', "invalid-request"),
    ],
)
async def test_odd_json_is_refused_and_never_a_defect(gateway: Gateway, body: bytes, name: str) -> None:
    for address, wrapped in (("/api/v1/jobs", body), ("/api/v1/jobs/batch", b'{"jobs":[' + body + b"]}")):
        answer = await gateway.client.post(
            address, content=wrapped, headers={"Content-Type": "application/json"}
        )
        problem = answer.json() if answer.status_code != 200 else answer.json()["results"][0]["problem"]
        expected = "invalid-request" if (address.endswith("batch") and not body) else name
        assert kind(problem) == expected


async def test_the_last_of_two_equal_keys_counts(gateway: Gateway) -> None:
    answer = await gateway.client.post(
        "/api/v1/jobs",
        content=b'{"plugin":"noop","priority":1,"priority":2}',
        headers={"Content-Type": "application/json"},
    )

    assert answer.json()["priority"] == 2


async def test_a_body_over_the_limit_is_refused_whatever_its_declared_length(gateway: Gateway) -> None:
    large = json.dumps({"plugin": "noop", "parameters": {"a": "x" * 1024 * 1024}}).encode()
    headers = {"Content-Type": "application/json"}

    async def chunks() -> Any:
        for start in range(0, len(large), 65536):
            yield large[start : start + 65536]

    declared = await gateway.client.post("/api/v1/jobs", content=large, headers=headers)
    chunked = await gateway.client.post("/api/v1/jobs", content=chunks(), headers=headers)
    lying = await gateway.client.post(
        "/api/v1/jobs", content=chunks(), headers={**headers, "Content-Length": "10"}
    )

    for answer in (declared, chunked, lying):
        assert (answer.status_code, kind(answer.json())) == (413, "body-too-large")
        assert answer.json()["limit_bytes"] == 1024 * 1024


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
async def test_a_body_in_another_format_is_refused(gateway: Gateway, headers: dict[str, str]) -> None:
    answer = await gateway.client.post("/api/v1/jobs", content=b'{"plugin":"noop"}', headers=headers)

    assert (answer.status_code, kind(answer.json())) == (415, "unsupported-media-type")


async def test_a_wrong_method_is_answered_with_the_right_ones(gateway: Gateway) -> None:
    answer = await gateway.client.delete("/api/v1/jobs")

    assert (answer.status_code, kind(answer.json())) == (405, "method-not-allowed")
    assert answer.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize(
    "address", ["/nothing", "/api/v1/nothing", "/api/v1/jobs/", "/api/v2/jobs", "/%00", "/%ff"]
)
async def test_an_unknown_address_is_a_problem_too(gateway: Gateway, address: str) -> None:
    answer = await gateway.client.get(address)

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_a_defect_is_answered_without_internals(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: str) -> None:
        raise LookupError("/secret/place")

    monkeypatch.setattr(gateway.reader, "job", broken)
    answer = await gateway.client.get("/api/v1/jobs/00000000-0000-4000-8000-000000000001")

    assert (answer.status_code, kind(answer.json())) == (500, "internal-error")
    assert "secret" not in answer.text


def test_every_kind_of_problem_has_a_type_of_its_own() -> None:
    assert len({kind.type for kind in KINDS}) == len(KINDS)
    assert all("//" not in kind.type for kind in KINDS)


async def test_a_path_that_fits_several_names_in_another_form_is_refused(
    gateway: Gateway, roots: Path
) -> None:
    (roots / "\N{LATIN SMALL LETTER U WITH DIAERESIS AND MACRON}").mkdir()
    (roots / "u\N{COMBINING DIAERESIS}\N{COMBINING MACRON}").mkdir()
    name = "\N{LATIN SMALL LETTER U WITH DIAERESIS}\N{COMBINING MACRON}"

    answer = (await gateway.submit(source=str(roots / name))).json()

    assert (kind(answer), fields(answer)) == ("path-refused", ["source"])
    assert "several names differ from it only in their Unicode form" in answer["detail"]
