"""A record and its results come into the process folder together, or not at all."""

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from tests.unit.runner.faults import Crash, crash, fill, picture, stopped_before

from taskmanager.errors import JobFailedError, SupersededError, TemporaryError
from taskmanager.files.roots import Roots
from taskmanager.model.jobs import GoobiReference, JobSpec
from taskmanager_plugin_runner.files.seals import NO_KEY
from taskmanager_plugin_runner.provenance.places import process_folder
from taskmanager_plugin_runner.results.journal import Manifest, RecordMoves, UndoEntry
from taskmanager_plugin_runner.results.placement import Placement, clean, place, prepare
from taskmanager_plugin_runner.results.planning import Terms
from taskmanager_plugin_runner.results.process_record import PlacedFile, ProcessRecord

JOB = "0195e4a0-0000-7000-8000-000000000001"
OTHER = "0195e4a0-0000-7000-8000-000000000002"
OUTPUT = {"1.jp2": "new 1", "sub/2.jp2": "new 2"}
STEPS = 60
"""More than placing takes; a step that is never reached is the case without a fault."""


class Scene:
    """A process with a destination in it, and the results of one job."""

    def __init__(self, folder: Path, before: Mapping[str, str]) -> None:
        self.process = fill(folder / "17", dict(before))
        self.output = fill(folder / "output", OUTPUT)
        self.roots = Roots.of([folder])
        self.before = picture(self.process)
        self.told: list[str] = []

    def prepare(self, attempt: int) -> Placement:
        return prepare(str(self.process / "images" / "media"), self.roots, JOB, attempt)

    def compose(self, placed: Sequence[PlacedFile]) -> Mapping[str, bytes]:
        self.told = [one.name for one in placed]
        contents = []
        for one in placed:
            with one.open() as file:
                contents.append(file.read())
        return {f"{JOB}.json": b"\n".join(contents), f"{JOB}.premis.xml": b"<premis/>"}

    def terms(self, attempt: int, compose: Callable[..., Mapping[str, bytes]] | None = None) -> Terms:
        names = (f"{JOB}.premis.xml", f"{JOB}.json")
        record = ProcessRecord(self.process, f"time-{attempt}_lossless", names, compose or self.compose)
        return Terms(record=record)

    def place(self, attempt: int) -> None:
        place(self.output, self.prepare(attempt), self.terms(attempt))

    @property
    def records(self) -> list[str]:
        return sorted(path.name for path in (self.process / "taskmanager").glob(f"*/{JOB}.json"))

    def after(self, attempt: int) -> dict[str, str]:
        """The picture of success, made by hand."""
        kept = {name: text for name, text in self.expected.items() if "earlier" not in name}
        made = {f"images/media/{name}": text for name, text in OUTPUT.items()}
        folder = f"taskmanager/time-{attempt}_lossless"
        record = {f"{folder}/{JOB}.json": "new 1\nnew 2", f"{folder}/{JOB}.premis.xml": "<premis/>"}
        return picture(fill(self.process.parent / f"expected {attempt}", {**kept, **made, **record}))

    expected: Mapping[str, str] = {}


BEFORE = {
    "nothing yet": {"images/master/1.tif": "1"},
    "of other jobs and an earlier attempt": {
        "images/media/1.jp2": "old 1",
        f"taskmanager/time-0_small/{OTHER}.json": "other",
        f"taskmanager/earlier_lossless/{JOB}.json": "earlier",
        f"taskmanager/earlier_lossless/{JOB}.premis.xml": "earlier",
    },
}


@pytest.fixture(params=[*BEFORE])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    made = Scene(tmp_path / "scene", BEFORE[request.param])
    made.expected = BEFORE[request.param]
    fill(made.process / "images", {})
    return made


def test_a_record_is_made_of_what_is_in_its_place_and_replaces_an_earlier_one_of_its_job(
    scene: Scene,
) -> None:
    scene.place(1)
    assert scene.told == [*OUTPUT]
    assert picture(scene.process) == scene.after(1)


@pytest.mark.parametrize("step", range(STEPS))
def test_a_death_at_any_step_leaves_neither_or_both_and_the_next_attempt_does_not_leave_two(
    scene: Scene, step: int
) -> None:
    placement = scene.prepare(1)
    with stopped_before(step, crash):
        try:
            place(scene.output, placement, scene.terms(1))
            crashed = False
        except Crash:
            crashed = True
    sealed = not crashed or bool(list(scene.process.rglob(".tm-*-placed")))
    clean(scene.prepare(2))
    assert picture(scene.process) == (scene.after(1) if sealed else scene.before)
    scene.place(3)
    assert picture(scene.process) == scene.after(3)
    assert len(scene.records) == 1


@pytest.mark.parametrize("step", range(STEPS))
def test_an_error_at_any_step_leaves_the_process_as_it_was(scene: Scene, step: int) -> None:
    def disk_full() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(scene.process))

    placement, after = scene.prepare(1), scene.after(1)
    with stopped_before(step, disk_full):
        try:
            place(scene.output, placement, scene.terms(1))
        except JobFailedError:
            after = scene.before
    clean(placement)
    assert picture(scene.process) == after


@pytest.mark.parametrize("step", range(STEPS))
def test_an_attempt_that_wakes_up_after_the_next_one_changes_nothing(scene: Scene, step: int) -> None:
    placement = scene.prepare(1)
    with stopped_before(step, lambda: scene.place(2)) as made:
        try:
            place(scene.output, placement, scene.terms(1))
        except (SupersededError, JobFailedError):
            clean(placement)
    if len(made) <= step:
        scene.place(2)
    assert picture(scene.process) == scene.after(2)


@pytest.mark.parametrize("error", [TemporaryError("a source was changed"), JobFailedError("no")])
def test_a_record_that_cannot_be_made_undoes_the_results(scene: Scene, error: Exception) -> None:
    def fail(_: object) -> Mapping[str, bytes]:
        raise error

    with pytest.raises(type(error)):
        place(scene.output, scene.prepare(1), scene.terms(1, fail))
    assert picture(scene.process) == scene.before


def test_what_somebody_adds_to_a_record_survives_its_undoing(scene: Scene) -> None:
    placement = scene.prepare(1)
    with stopped_before(10_000, crash) as made:
        place(scene.output, placement, scene.terms(1))
    steps = max(index for index, step in enumerate(made) if step == "rename")
    again = Scene(scene.process.parent / "again", scene.expected)
    with pytest.raises(Crash), stopped_before(steps, crash):  # before the seal
        place(again.output, again.prepare(1), again.terms(1))
    fill(again.process / "taskmanager" / "time-1_lossless", {"note.txt": "by a person"})
    clean(again.prepare(2))
    assert (again.process / "taskmanager" / "time-1_lossless" / "note.txt").read_text(
        "utf-8"
    ) == "by a person"
    assert not (again.process / "taskmanager" / "time-1_lossless" / f"{JOB}.json").exists()


def test_two_jobs_with_one_template_in_one_moment_have_a_folder_each(scene: Scene) -> None:
    fill(scene.process / "taskmanager" / "time-1_lossless", {f"{OTHER}.json": "x"})
    scene.place(1)
    assert (scene.process / "taskmanager" / "time-1_lossless-2" / f"{JOB}.json").exists()


@pytest.mark.parametrize(
    "moves",
    [
        RecordMoves(-1, (), ()),
        RecordMoves(65, (), ()),
        RecordMoves(1, (UndoEntry("images/media", existed=False),), ()),
        RecordMoves(1, (UndoEntry("taskmanager/../x", existed=False),), ()),
        RecordMoves(1, (UndoEntry("taskmanager", existed=False),), ()),
        RecordMoves(1, (), ("../x",)),
    ],
)
def test_a_journal_that_names_anything_but_records_above_itself_is_none(moves: RecordMoves) -> None:
    with pytest.raises(ValueError, match=r"journal|inside"):
        Manifest.decode(Manifest((), (), moves).encode("s", NO_KEY), "s", NO_KEY)


def test_a_journal_without_a_record_is_what_it_was() -> None:
    assert b"record" not in Manifest((), ("a",)).encode("s", NO_KEY)


@pytest.mark.parametrize(
    ("destination", "spec", "source", "expected"),
    [
        ("17/images/media", {"goobi": GoobiReference(process_id=17)}, None, "17"),
        ("17/images/media", {"goobi": GoobiReference(process_id=18)}, None, "17/images"),
        ("17/images/media", {}, "17", "17"),
        ("17/images/media", {}, "17/images/master", "17/images"),
        ("17/images/new", {"goobi": GoobiReference(process_id=17)}, None, "17"),
        ("17/images/new", {}, None, "17/images"),
        ("", {}, None, ""),
    ],
)
def test_a_record_belongs_to_the_process_else_beside_the_destination(
    tmp_path: Path, destination: str, spec: dict[str, GoobiReference], source: str | None, expected: str
) -> None:
    fill(tmp_path / "17/images/media", {})
    wanted = tmp_path / destination
    found = process_folder(
        JobSpec(plugin="tally", **spec),
        wanted,
        wanted if wanted.is_dir() else wanted.parent,
        tmp_path / source if source else None,
        Roots.of([tmp_path]),
    )
    assert found == tmp_path / expected
