"""Goobi's files API as a client sees it: what is repeated, what is refused, and in which words."""

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from taskmanager.errors import JobFailedError
from taskmanager.goobi.installations import Installation
from taskmanager.model.jobs import GoobiReference, JobSpec
from taskmanager_plugin_runner.results.stage_filling import ResultFile
from taskmanager_plugin_runner.settings import RunnerSettings
from taskmanager_plugin_runner.transport.goobi_delivery import GoobiDelivery, deliver
from taskmanager_plugin_runner.transport.goobi_files import locate
from taskmanager_plugin_runner.transport.goobi_files_api import FilesApi, GoobiAwayError

Answering = Callable[[httpx.Request], httpx.Response]
CONFIGURED = """
[installations.main]
dialect = "core"
url = "http://goobi.example.org/goobi"
[installations.main.folders]
"master_*" = "master"
"*_media" = "media"
"""


def installation(**more: object) -> Installation:
    return Installation.model_validate({"dialect": "core", "url": "http://goobi.example.org/goobi", **more})


def api(answer: Answering, **more: object) -> FilesApi:
    return FilesApi(installation(**more), 17, "media", httpx.MockTransport(answer))


def always(*args: object, **more: object) -> Answering:
    return lambda _: httpx.Response(*args, **more)  # type: ignore[arg-type]


class Shaky:
    """Fails so many times, then answers."""

    def __init__(self, failures: int, then: httpx.Response, status: int | None = None) -> None:
        self.left, self.then, self.status = failures, then, status
        self.bodies: list[bytes] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(request.read())
        self.left -= 1
        if self.left < 0:
            return self.then
        if self.status is not None:
            return httpx.Response(self.status)
        raise httpx.ReadError("connection reset", request=request)


def test_a_file_comes_whole_into_the_workspace_after_failures(tmp_path: Path) -> None:
    shaky = Shaky(2, httpx.Response(200, content=b"page"), status=503)
    assert api(shaky).fetch("a b.tif", tmp_path / "a b.tif") == 4
    assert (tmp_path / "a b.tif").read_bytes() == b"page"


def test_an_upload_is_repeated_from_its_beginning() -> None:
    shaky = Shaky(1, httpx.Response(200, json={}))
    api(shaky).upload("a.jp2", lambda: io.BytesIO(b"pixels"))
    assert [body.count(b"pixels") for body in shaky.bodies] == [1, 1]


def test_a_goobi_that_stays_away_is_asked_a_few_times_only() -> None:
    shaky = Shaky(99, httpx.Response(200))
    with pytest.raises(GoobiAwayError, match=r"the connection to Goobi at goobi\.example\.org broke"):
        api(shaky).names()
    assert len(shaky.bodies) == 4


def test_a_short_file_is_not_taken(tmp_path: Path) -> None:
    def short(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-length": "9"}, content=b"half")

    with pytest.raises(GoobiAwayError, match="4 of 9 bytes"):
        api(short).fetch("a.tif", tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (always(401), "check the token"),
        (always(403), "check the token"),
        (always(507), "no space left"),
        (always(302, headers={"location": "http://elsewhere/"}), "answers 302"),
        (always(200, json={"files": []}), "list of names"),
        (always(200, json=["../x"]), "not a file name"),
    ],
)
def test_what_nobody_should_repeat_says_what_to_do(answer: Answering, text: str) -> None:
    with pytest.raises(JobFailedError, match=text):
        api(answer).names()


def test_a_page_instead_of_an_image_is_no_image(tmp_path: Path) -> None:
    page = always(200, headers={"content-type": "text/html; charset=utf-8"}, content=b"<html>")
    with pytest.raises(GoobiAwayError, match="log-in in front of Goobi"):
        api(page).fetch("a.tif", tmp_path / "a.tif")


def test_what_is_not_there_need_not_be_removed() -> None:
    api(always(404)).delete("a.tif")
    assert api(always(404)).read("a.tif") is None


def test_a_file_too_large_for_the_workspace_is_refused_before_it_comes(tmp_path: Path) -> None:
    huge = always(200, headers={"content-length": str(1 << 60)}, content=b"")
    with pytest.raises(JobFailedError, match="not enough space"):
        api(huge).fetch("a.tif", tmp_path / "a.tif")


def test_a_full_disk_is_the_systems_error() -> None:
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        api(always(200, content=b"x" * 100_000)).fetch("a.tif", Path("/dev/full"))


def test_the_token_comes_from_its_file_each_time(tmp_path: Path) -> None:
    seen: list[str] = []

    def note(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["token"])
        return httpx.Response(200, json=[])

    secret = tmp_path / "token"
    client = api(note, token_file=str(secret))
    for token in ("one", "two"):
        secret.write_text(token + "\n", encoding="utf-8")
        client.names()
    assert seen == ["one", "two"]


def test_the_classic_web_api_has_no_files(tmp_path: Path) -> None:
    with pytest.raises(JobFailedError, match="dialect rest or core"):
        api(always(200), dialect="webapi", token_file=str(tmp_path / "token"))


def test_nothing_is_delivered_to_a_goobi_that_does_not_keep_the_journal(tmp_path: Path) -> None:
    sent: list[bytes] = []

    def forgetful(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            sent.append(request.read())
        return httpx.Response(200 if request.method == "POST" else 404)

    file = tmp_path / "a.jp2"
    file.write_bytes(b"pixels")
    with pytest.raises(JobFailedError, match="does not keep"):
        deliver(api(forgetful), GoobiDelivery("main", 17, "media", "job", 1), [ResultFile("a.jp2", file, 6)])
    assert len(sent) == 1
    assert b"pixels" not in sent[0]


# --- which folder a path means


@pytest.fixture
def goobi(tmp_path: Path) -> Path:
    file = tmp_path / "goobi.toml"
    file.write_text(CONFIGURED, encoding="utf-8")
    return file


def spec(process: int | None = 17) -> JobSpec:
    reference = None if process is None else GoobiReference(process_id=process)
    return JobSpec(plugin="jp2", goobi=reference)


@pytest.mark.parametrize(("name", "folder"), [("master_zoo_media", "master"), ("zoo_media", "media")])
def test_the_first_pattern_that_fits_names_the_folder(goobi: Path, name: str, folder: str) -> None:
    path = Path("/opt/goobi/metadata/17/images") / name
    assert locate(goobi, spec(), path) == ("main", 17, folder)


@pytest.mark.parametrize(
    ("process", "path", "text"),
    [
        (None, "/metadata/17/images/zoo_media", "names no Goobi process"),
        (18, "/metadata/17/images/zoo_media", "not one of Goobi's process 18"),
        (17, "/metadata/17/images/zoo_pdf", "no pattern"),
        (17, "/metadata/images/17", "not one of Goobi's process 17"),
    ],
)
def test_other_paths_are_refused(goobi: Path, process: int | None, path: str, text: str) -> None:
    with pytest.raises(JobFailedError, match=text):
        locate(goobi, spec(process), Path(path))


def test_a_runner_needs_the_file_about_goobi_for_it(tmp_path: Path) -> None:
    values = {"amqp_url": "amqp://h", "workspace": tmp_path, "roots": "/", "transport": "files-api"}
    with pytest.raises(ValidationError, match="TASKMANAGER_GOOBI"):
        RunnerSettings.model_validate(values)
