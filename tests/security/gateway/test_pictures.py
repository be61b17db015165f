"""Pictures asked for by somebody who wants more than the pictures of their jobs, or less of the gateway."""

import asyncio
import os
import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

import httpx
import pytest
import pyvips
from tests.unit.gateway.access import bearer, token
from tests.unit.gateway.conftest import Gateway, Scheduler, installed, job, make_gateway

from taskmanager.files.roots import Roots
from taskmanager.model.access import Right
from taskmanager.model.manifest import Need
from taskmanager_gateway.http.problems import ProblemError
from taskmanager_gateway.http.secure_headers import CONTENT_SECURITY_POLICY
from taskmanager_gateway.pictures.places import Side
from taskmanager_gateway.pictures.reader.orders import SIDE_MOST, Limits, Made, Order, Wanted
from taskmanager_gateway.pictures.readers import Readers
from taskmanager_gateway.pictures.service import Pictures
from taskmanager_gateway.pictures.settings import PictureSettings
from taskmanager_gateway.settings import GatewaySettings
from taskmanager_testing.access import FakeAccess
from taskmanager_testing.publisher import FakePublisher
from taskmanager_testing.reader import FakeReader
from taskmanager_testing.waiting import LONG_SECONDS

ONE, OTHER = job(1), job(2, "other")
SETTINGS = PictureSettings(
    processes=1,
    waiting=5,
    cache_bytes=10_000_000,
    limits=Limits(pixels=250_000_000, memory_bytes=500_000_000, seconds=60),
)


def drawn() -> bytes:
    """A sound picture."""
    made: bytes = pyvips.Image.black(40, 30, bands=3).pngsave_buffer()
    return made


def png(width: int, height: int, rows: int = 0) -> bytes:
    """A PNG that announces this size, one bit for each pixel, with so many rows in it."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack("!I", len(content)) + checked + struct.pack("!I", zlib.crc32(checked))

    header = struct.pack("!IIBBBBB", width, height, 1, 0, 0, 0, 0)
    lines = zlib.compress(bytes(rows * (1 + -(-width // 8))), 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


@pytest.fixture
def roots(tmp_path: Path) -> Path:
    """The root, with a picture for each of two jobs; beside it, one that belongs to nobody here."""
    for folder in ("roots/one", "roots/other", "outside"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "1.png").write_bytes(drawn())
    return tmp_path / "roots"


@pytest.fixture
async def gateway(roots: Path) -> AsyncIterator[Gateway]:
    """A gateway with log-in. The token `narrow` is for the plugin `noop` alone; `none` may not read."""
    reader, access = FakeReader(), FakeAccess()
    for plugin, one in (("noop", ONE), ("other", OTHER)):
        reader.install(installed(plugin, source=Need.OPTIONAL, destination=Need.OPTIONAL))
        folder = str(roots / ("one" if plugin == "noop" else "other"))
        reader.put(one.model_copy(update={"spec": one.spec.model_copy(update={"source": folder})}))
    access.put_token(token("narrow", Right.READ, plugins=("noop",)))
    access.put_token(token("none", Right.SUBMIT))
    settings = GatewaySettings(roots=str(roots), viewer_processes=1)
    made = make_gateway(reader, FakePublisher(), Scheduler(), settings, access)
    await made.services.catalogue.run_once()
    yield made
    made.services.pictures.close()
    made.services.paths.close()
    made.services.folders.close()
    made.services.access.log_in.close()
    await made.client.aclose()


async def thumbnail(gateway: Gateway, name: str, of: str = ONE.id, who: str = "narrow") -> httpx.Response:
    address = f"/jobs/{of}/pictures/source/thumbnail?name={quote(name, safe='')}"
    async with asyncio.timeout(LONG_SECONDS):
        return await gateway.client.get(address, headers=bearer(who))


async def test_a_picture_is_shown_to_who_may_see_its_job_and_to_nobody_else(gateway: Gateway) -> None:
    seen = await thumbnail(gateway, "1.png")
    assert (seen.status_code, seen.headers["content-type"]) == (200, "image/jpeg")
    assert seen.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert seen.headers["x-content-type-options"] == "nosniff"
    assert seen.headers["cache-control"].startswith("private")
    again = await gateway.client.get(
        str(seen.request.url), headers={**bearer("narrow"), "If-None-Match": seen.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")

    for path in (
        "pictures/source/thumbnail?name=1.png",
        "pictures/source/tile?name=1.png&level=0&column=0&row=0",
        "files",
        "files/1",
    ):
        elsewhere = await gateway.client.get(f"/jobs/{OTHER.id}/{path}", headers=bearer("narrow"))
        assert elsewhere.status_code == 404
        assert (await gateway.client.get(f"/jobs/{ONE.id}/{path}", headers=bearer("none"))).status_code == 403
        assert (await gateway.client.get(f"/jobs/{ONE.id}/{path}")).status_code == 401
    for path in ("source/small?name=1.png", "source/large?name=1.png", "words?name=1.xml"):
        address = f"/ui/jobs/{OTHER.id}/pictures/{path}"
        assert (await gateway.client.get(address, headers=bearer("narrow"))).status_code == 404
    # neither what was kept for others nor a version that was guessed opens anything
    version = seen.headers["etag"].strip('"').partition("-")[0]
    address = f"/jobs/{OTHER.id}/pictures/source/thumbnail?name=1.png&version={version}"
    guessed = {**bearer("narrow"), "If-None-Match": seen.headers["etag"]}
    assert (await gateway.client.get(address, headers=guessed)).status_code == 404


async def test_no_name_leads_out_of_the_folder_of_the_job(gateway: Gateway, roots: Path) -> None:
    (roots / "one" / "in").mkdir()
    (roots / "one" / "in" / "1.png").write_bytes(drawn())
    assert (await thumbnail(gateway, "in/1.png")).status_code == 200
    for name in (
        "../other/1.png",
        "../../outside/1.png",
        "in/../../other/1.png",
        "..",
        ".",
        str(roots / "other" / "1.png"),
        "/etc/passwd",
        "1.png\0.txt",
        "..%2fother%2f1.png",
        "in//../../other/1.png",
        "//etc/passwd",
    ):
        answer = await thumbnail(gateway, name)
        assert answer.status_code in {404, 422}, name
        assert answer.headers["content-type"] == "application/problem+json"


async def test_no_link_leads_out_of_the_roots(gateway: Gateway, roots: Path, tmp_path: Path) -> None:
    mine = roots / "one"
    (mine / "file.png").symlink_to(tmp_path / "outside" / "1.png")
    (mine / "folder").symlink_to(tmp_path / "outside")
    (mine / "loop").symlink_to(mine / "loop")
    (mine / "inside.png").symlink_to(mine / "1.png")
    for name in ("file.png", "folder/1.png", "loop"):
        assert (await thumbnail(gateway, name)).status_code == 422, name
    assert (await thumbnail(gateway, "inside.png")).status_code == 200


async def test_a_file_of_another_owner_is_not_reached_by_a_link_to_it(gateway: Gateway, roots: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    mine = roots / "one"
    os.link(roots / "other" / "1.png", mine / "linked.png")
    os.chown(mine / "linked.png", 12_345, 12_345)
    answer = await thumbnail(gateway, "linked.png")
    assert answer.status_code == 422
    assert "hard link" in answer.json()["detail"]


async def test_what_would_block_is_not_opened(gateway: Gateway, roots: Path) -> None:
    os.mkfifo(roots / "one" / "pipe.png")
    (roots / "one" / "folder.png").mkdir()
    for name in ("pipe.png", "folder.png"):
        answer = await thumbnail(gateway, name)
        assert answer.status_code == 422
        assert "not a regular file" in answer.json()["detail"]
    assert (await thumbnail(gateway, "1.png")).status_code == 200


async def test_pictures_that_would_be_too_much_are_refused_by_their_header(
    gateway: Gateway, roots: Path
) -> None:
    huge = {
        "bomb.png": png(60_000, 60_000, rows=100),
        "line.png": png(1, 9_000_000, rows=100),
        "band.png": png(SIDE_MOST + 1, 1, rows=1),
    }
    for name, content in huge.items():
        (roots / "one" / name).write_bytes(content)
        answer = await thumbnail(gateway, name)
        assert answer.status_code == 422, name
        assert "megapixels" in answer.json()["detail"], answer.text
    (roots / "one" / "tower.png").write_bytes(png(1, 2_000_000_000, rows=100))
    assert "its header is not valid" in (await thumbnail(gateway, "tower.png")).json()["detail"]
    (roots / "one" / "narrow.png").write_bytes(png(1, 90_000, rows=90_000))
    address = f"/jobs/{ONE.id}/pictures/source/tile?name=narrow.png&level=17&column=0&row=170"
    assert (await gateway.client.get(address, headers=bearer("narrow"))).status_code == 200


async def test_a_name_is_text_on_the_page(gateway: Gateway, roots: Path) -> None:
    name = "<script>alert(1)</script>.png"
    (roots / "one" / name.replace("/", "")).write_text("no picture")
    headers = {**bearer("narrow"), "accept": "text/html"}
    page = (await gateway.client.get(f"/jobs/{ONE.id}/files", headers=headers)).text
    assert "<script>alert" not in page
    part = await gateway.client.get(
        f"/ui/jobs/{ONE.id}/pictures/source/small?name={quote(name)}",
        headers={**headers, "hx-request": "true"},
    )
    assert part.status_code == 200
    assert "&lt;script&gt;" in part.text
    assert "<script>" not in part.text


class Meddling(Readers):
    """Real readers; somebody changes the file after it was opened, before it is read."""

    def __init__(self, meddle: list[str], path: Path) -> None:
        super().__init__(SETTINGS.processes, SETTINGS.waiting, SETTINGS.limits)
        self._meddle, self._path = meddle, path

    async def made(self, order: Order, file: BinaryIO) -> Made:
        how = self._meddle.pop(0)
        if how == "replace":
            fresh = self._path.with_name("fresh")
            fresh.write_bytes(pyvips.Image.black(7, 5).pngsave_buffer())
            fresh.replace(self._path)
        elif how == "link":
            self._path.unlink()
            self._path.symlink_to("/etc/passwd")
        elif how == "truncate":
            os.truncate(self._path, 20)
        return await super().made(order, file)


async def test_a_file_that_is_replaced_while_it_is_read_stays_the_one_that_was_checked(
    tmp_path: Path,
) -> None:
    path = tmp_path / "1.png"
    path.write_bytes(drawn())
    one = job(1, source=str(tmp_path))
    pictures = Pictures(
        Roots.of([tmp_path]), SETTINGS, Meddling(["replace", "link", "truncate", "nothing"], path)
    )

    first = await pictures.show(one, Side.SOURCE, "1.png", Wanted.THUMBNAIL)
    assert (first.made.width, first.made.height) == (40, 30)
    second = await pictures.show(one, Side.SOURCE, "1.png", Wanted.THUMBNAIL)
    assert (second.made.width, second.made.height) == (7, 5)
    with pytest.raises(ProblemError, match="outside"):
        await pictures.show(one, Side.SOURCE, "1.png", Wanted.THUMBNAIL)

    path.unlink()
    path.write_bytes(drawn())
    with pytest.raises(ProblemError, match="being written"):
        await pictures.show(one, Side.SOURCE, "1.png", Wanted.THUMBNAIL)
    path.write_bytes(drawn())
    assert (await pictures.show(one, Side.SOURCE, "1.png", Wanted.THUMBNAIL)).made.width == 40
    pictures.close()
