"""Whoever may write to a process folder cannot make a runner's undo touch anything by planting a journal."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.runner.faults import fill, picture

from taskmanager.errors import JobFailedError
from taskmanager.files.roots import Roots
from taskmanager_plugin_runner.files.seals import Seal, broker_secret, derive_key
from taskmanager_plugin_runner.results import journal, stages
from taskmanager_plugin_runner.results.journal import Manifest, UndoEntry
from taskmanager_plugin_runner.results.placement import place, prepare
from taskmanager_plugin_runner.transport.recovery import recover
from taskmanager_plugin_runner.transport.workspace import AttemptFolder

JOB = "0195e4a0-0000-7000-8000-000000000001"
STAGE = stages.stage_name(JOB, 1)
OURS = Seal(b"what the runners know")


class Scene:
    """A share with a process folder, and files outside that nobody may touch."""

    def __init__(self, folder: Path) -> None:
        self.share = folder / "share"
        self.destination = fill(self.share / "process", {"1.jp2": "one"})
        self.outside = fill(folder / "outside", {"victim": "precious", "deep/victim": "too"})
        self.stage = self.destination / STAGE
        self.before = picture(self.outside)

    def plant(self, data: bytes) -> None:
        fill(self.stage, {"new/": "", "old/": ""})
        (self.stage / "manifest.json").write_bytes(data)

    def prepare(self, seal: Seal = OURS) -> None:
        prepare(str(self.destination), Roots.of([self.share]), JOB, 2, seal)

    def require_refused(self, words: str) -> None:
        with pytest.raises(JobFailedError, match=words):
            self.prepare()
        assert picture(self.outside) == self.before
        assert (self.destination / "1.jp2").read_text(encoding="utf-8") == "one"


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def names(*found: str, existed: bool = True) -> Manifest:
    return Manifest(tuple(UndoEntry(name, existed=existed) for name in found), found)


HOSTILE = [
    "../../outside/victim",
    "sub/../../../outside/victim",
    "/etc/passwd",
    "",
    ".",
    "..",
    "a//b",
    "./a",
    "a/",
    "a\0b",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_leave_the_folder_are_refused_even_under_the_right_seal(scene: Scene, name: str) -> None:
    scene.plant(names(name).encode(STAGE, OURS))
    fill(scene.stage / "old", {"victim": "mine now"})
    scene.require_refused("not inside the folder")


@pytest.mark.parametrize(
    "made",
    [
        lambda: names("1.jp2").encode(STAGE, Seal(b"a guess")),
        lambda: names("1.jp2").encode(stages.stage_name(JOB, 7), OURS),
        lambda: json.dumps({"entries": [{"name": "1.jp2", "existed": False}], "files": ["1.jp2"]}).encode(),
        lambda: json.dumps({"body": names("1.jp2").encode(STAGE, OURS).decode(), "seal": None}).encode(),
        lambda: b"[]",
        lambda: b"null",
        lambda: b"\xff not JSON",
        lambda: b"[" * 200_000,
    ],
)
def test_a_journal_that_bears_no_seal_of_ours_is_not_carried_out(
    scene: Scene, made: Callable[[], bytes]
) -> None:
    scene.plant(made())
    scene.require_refused("no runner of this plugin")


@pytest.mark.timeout(60)
def test_a_pipe_as_journal_holds_nobody_up(scene: Scene) -> None:
    fill(scene.stage, {})
    os.mkfifo(scene.stage / "manifest.json")
    scene.require_refused("not a regular file")


def test_links_are_not_followed_to_a_journal_or_through_a_stage(scene: Scene, tmp_path: Path) -> None:
    fill(tmp_path / "elsewhere", {})
    (tmp_path / "elsewhere" / "manifest.json").write_bytes(names("1.jp2").encode(STAGE, OURS))
    scene.stage.symlink_to(tmp_path / "elsewhere")
    scene.require_refused("cannot be written to")


def test_a_part_of_the_stage_that_is_a_link_moves_nothing_in_from_outside(scene: Scene) -> None:
    scene.plant(names("victim").encode(STAGE, OURS))
    (scene.stage / "old").rmdir()
    (scene.stage / "old").symlink_to(scene.outside)
    scene.require_refused("cannot be written to")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of other owners")
def test_a_journal_of_another_owner_is_refused(scene: Scene) -> None:
    scene.plant(names("1.jp2").encode(STAGE, OURS))
    os.chown(scene.stage / "manifest.json", 12345, 12345)
    scene.require_refused("belongs to user 12345")


def test_the_next_start_of_a_runner_believes_it_no_more_than_the_next_attempt(
    scene: Scene, tmp_path: Path
) -> None:
    workspace = fill(tmp_path / "workspace", {})
    placement = prepare(str(scene.destination), Roots.of([scene.share]), JOB, 1, OURS)
    folder = AttemptFolder.of(workspace, JOB, 1)
    folder.remember(placement)
    scene.plant(names("../../outside/victim", existed=False).encode(STAGE, Seal(b"a guess")))
    recover(workspace, seal=OURS)
    assert picture(scene.outside) == scene.before
    assert folder.path.exists()


def test_a_stage_is_closed_to_everybody_else(scene: Scene) -> None:
    placement = prepare(str(scene.destination), Roots.of([scene.share]), JOB, 1, OURS)
    assert (scene.destination / placement.stage).stat().st_mode & 0o077 == 0


def test_a_runner_with_the_same_secret_undoes_what_another_began(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = picture(scene.destination)
    output = fill(tmp_path / "output", {"1.jp2": "new", "2.jp2": "two"})
    first = prepare(str(scene.destination), Roots.of([scene.share]), JOB, 1, OURS)

    class Died(BaseException):
        pass

    def die(*_: object) -> None:
        raise Died

    monkeypatch.setattr("taskmanager_plugin_runner.results.placement._seal", die)
    with pytest.raises(Died):
        place(output, first)
    assert picture(scene.destination) != before
    second = prepare(str(scene.destination), Roots.of([scene.share]), JOB, 2, Seal(OURS.key))
    (scene.destination / second.stage).rmdir()
    assert picture(scene.destination) == before


def test_the_key_comes_from_what_the_runners_of_a_plugin_share() -> None:
    one, two = "amqp://runner:s%2Fecret@a:5672/x", "amqp://runner:s%2Fecret@b/x,amqp://runner:s%2Fecret@c/x"
    assert broker_secret(one) == broker_secret(two) == "s/ecret"
    assert derive_key("s/ecret") != derive_key("s/ecreT")
    assert "s/ecret" not in repr(Seal(derive_key("s/ecret")))
    assert journal.Manifest.decode(names("a").encode(STAGE, OURS), STAGE, OURS) == names("a")
