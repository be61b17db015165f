"""Results are placed all or not at all, whatever happens between any two steps, and whoever wakes up late."""

import errno
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.runner.faults import Crash, crash, fill, picture, stopped_before

from taskmanager.errors import JobFailedError, PathRefusedError, SupersededError
from taskmanager.files.roots import Roots
from taskmanager_plugin_runner.results.placement import Placement, clean, place, prepare
from taskmanager_plugin_runner.results.planning import Terms

JOB = "0195e4a0-0000-7000-8000-000000000001"
BEFORE = {"1.jp2": "old 1", "keep.txt": "mine", "sub/2.jp2": "old 2", "empty/": ""}
OUTPUT = {
    "1.jp2": "new 1",
    "3.jp2": "new 3",
    "sub/2.jp2": "new 2",
    "sub/4.jp2": "new 4",
    "deep/er/5.jp2": "new 5",
}
AFTER = {**BEFORE, **OUTPUT}
MERGE_STEPS = 70
"""More steps than placing takes; a step that is never reached is the case without a fault."""


class Scene:
    """A process folder, a destination in it, and an output to place."""

    def __init__(self, folder: Path, *, exists: bool, before: dict[str, str] | None = None) -> None:
        self.process = folder / "process"
        self.process.mkdir(parents=True)
        self.destination = self.process / "jp2"
        if exists:
            fill(self.destination, BEFORE if before is None else before)
        self.output = fill(folder / "output", OUTPUT)
        self.roots = Roots.of([self.process])
        self.before = picture(self.process)

    def prepare(self, attempt: int = 1) -> Placement:
        return prepare(str(self.destination), self.roots, JOB, attempt)

    def after(self, folder: Path) -> dict[str, str]:
        """The picture of success, made by hand in another folder."""
        target = fill(folder / "process" / "jp2", OUTPUT if not self.before else AFTER)
        return picture(target.parent)


@pytest.fixture(params=[True, False], ids=["into an existing folder", "into a new folder"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    return Scene(tmp_path / "scene", exists=request.param)


def test_results_are_placed_and_nothing_else_is_left(scene: Scene, tmp_path: Path) -> None:
    files, size = place(scene.output, scene.prepare())
    assert picture(scene.process) == scene.after(tmp_path / "expected")
    assert (files, size) == (5, 25)


def test_a_clean_up_after_success_changes_nothing(scene: Scene, tmp_path: Path) -> None:
    placement = scene.prepare()
    place(scene.output, placement)
    clean(placement)
    assert picture(scene.process) == scene.after(tmp_path / "expected")


def test_an_attempt_that_places_nothing_leaves_the_folder_as_it_was(scene: Scene) -> None:
    clean(scene.prepare())
    assert picture(scene.process) == scene.before


@pytest.mark.parametrize("step", range(MERGE_STEPS))
def test_a_crash_before_any_step_is_undone_by_the_next_attempt(
    scene: Scene, tmp_path: Path, step: int
) -> None:
    placement = scene.prepare()
    with stopped_before(step, crash):
        crashed = _crashes(lambda: place(scene.output, placement))
    after = scene.after(tmp_path / "expected")
    sealed = not crashed or any(path.name.endswith("-placed") for path in scene.process.rglob(".tm-*"))

    second = scene.prepare(attempt=2)
    clean(second)
    assert picture(scene.process) == (after if sealed else scene.before)
    place(scene.output, scene.prepare(attempt=3))
    assert picture(scene.process) == after


@pytest.mark.parametrize("step", range(30, 60, 3))
def test_a_crash_while_undoing_is_undone_too(tmp_path: Path, step: int) -> None:
    for second_step in range(0, 30, 4):
        scene = Scene(tmp_path / f"{second_step}", exists=True)
        placement = scene.prepare()
        with stopped_before(step, crash):
            _crashes(partial(place, scene.output, placement))
        if any(path.name.endswith("-placed") for path in scene.process.rglob(".tm-*")):
            return
        if not list(scene.process.rglob(".tm-*")):
            return
        with stopped_before(second_step, crash):
            _crashes(partial(clean, placement))
        clean(scene.prepare(attempt=2))
        assert picture(scene.process) == scene.before


@pytest.mark.parametrize("step", range(MERGE_STEPS))
def test_an_error_at_any_step_fails_the_job_and_leaves_the_folder_as_it_was(
    scene: Scene, tmp_path: Path, step: int
) -> None:
    def disk_full() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(scene.destination))

    placement = scene.prepare()
    after = scene.after(tmp_path / "expected")
    with stopped_before(step, disk_full):
        try:
            place(scene.output, placement)
        except JobFailedError as error:
            assert "no space is left" in str(error)  # noqa: PT017 - not every step can fail
            after = scene.before
    clean(placement)
    assert picture(scene.process) == after


@pytest.mark.parametrize("step", range(MERGE_STEPS))
def test_an_attempt_that_was_frozen_at_any_step_changes_nothing_after_the_next_one_took_over(
    scene: Scene, tmp_path: Path, step: int
) -> None:
    newer = fill(tmp_path / "newer", {name: f"{text}, second attempt" for name, text in OUTPUT.items()})
    expected = fill(tmp_path / "expected" / "jp2", {} if not scene.before else BEFORE)
    fill(expected, {name: f"{text}, second attempt" for name, text in OUTPUT.items()})

    placement = scene.prepare()
    with stopped_before(step, lambda: _take_over(scene, newer)) as made:
        try:
            place(scene.output, placement)
        except (SupersededError, JobFailedError):
            clean(placement)
    if len(made) <= step:
        _take_over(scene, newer)
    assert picture(scene.process) == picture(expected.parent)


@pytest.mark.parametrize("step", range(40))
def test_an_attempt_frozen_while_it_undoes_its_own_does_not_undo_the_next_one(
    tmp_path: Path, step: int
) -> None:
    scene = Scene(tmp_path / "scene", exists=True)
    newer = fill(tmp_path / "newer", {name: f"{text}, second attempt" for name, text in OUTPUT.items()})
    expected = fill(tmp_path / "expected" / "jp2", BEFORE)
    fill(expected, {name: f"{text}, second attempt" for name, text in OUTPUT.items()})
    placement = scene.prepare()
    with stopped_before(_seal_step(tmp_path / "trial", exists=True), crash):
        assert _crashes(lambda: place(scene.output, placement))
    with stopped_before(step, lambda: _take_over(scene, newer)) as made:
        clean(placement)
    if len(made) <= step:
        _take_over(scene, newer)
    assert picture(scene.process) == picture(expected.parent)


def _take_over(scene: Scene, newer: Path) -> None:
    """What the next attempt does; it may not fail, whatever the earlier one is just doing."""
    try:
        place(newer, scene.prepare(attempt=2))
    except (SupersededError, JobFailedError) as error:
        raise AssertionError(str(error)) from error


def _seal_step(folder: Path, *, exists: bool) -> int:
    """The number of the step that makes an attempt's results final."""
    scene = Scene(folder, exists=exists)
    placement = scene.prepare()
    with stopped_before(10_000, crash) as steps:
        place(scene.output, placement)
    return max(index for index, step in enumerate(steps) if step == "rename")


def test_a_later_attempt_at_work_is_not_disturbed(scene: Scene) -> None:
    scene.prepare(attempt=2)
    with pytest.raises(SupersededError, match="attempt 2"):
        scene.prepare(attempt=1)


def test_the_stages_of_other_jobs_are_left_alone(scene: Scene) -> None:
    other = prepare(str(scene.destination), scene.roots, JOB + "0", 1)
    place(scene.output, scene.prepare())
    assert (other.home / other.stage).is_dir()


def test_files_others_put_into_a_new_folder_survive_the_undoing(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "scene", exists=False)
    placement = scene.prepare()
    with stopped_before(_seal_step(tmp_path / "trial", exists=False), crash):
        assert _crashes(lambda: place(scene.output, placement))
    fill(scene.destination, {"note.txt": "by a person"})
    clean(scene.prepare(attempt=2))
    files = sorted(
        str(path.relative_to(scene.process)) for path in scene.process.rglob("*") if path.is_file()
    )
    assert files == ["jp2/note.txt"]


@pytest.mark.parametrize(
    ("name", "text"),
    [("keep.txt/inside", "needs a folder"), ("empty", "there is a folder of that name")],
)
def test_a_result_that_does_not_fit_is_an_error_and_changes_nothing(
    tmp_path: Path, name: str, text: str
) -> None:
    scene = Scene(tmp_path / "scene", exists=True)
    fill(scene.output, {name: "x"})
    with pytest.raises(JobFailedError, match=text):
        place(scene.output, scene.prepare())
    assert picture(scene.process) == scene.before


@pytest.mark.parametrize("link", ["file", "sub"])
def test_links_in_the_destination_are_never_written_through(tmp_path: Path, link: str) -> None:
    outside = fill(tmp_path / "outside", {"secret": "s"})
    scene = Scene(tmp_path / "scene", exists=True, before={"x": "x"})
    target = outside / "secret" if link == "file" else outside
    (scene.destination / ("1.jp2" if link == "file" else "sub")).symlink_to(target)
    before = picture(scene.process)
    placement = scene.prepare()
    if link == "file":
        place(scene.output, placement)
        assert not (scene.destination / "1.jp2").is_symlink()
    else:
        with pytest.raises(JobFailedError, match="something else of that name"):
            place(scene.output, placement)
        assert picture(scene.process) == before
    assert picture(outside) == {"secret": picture(outside)["secret"]}
    assert (outside / "secret").read_text(encoding="utf-8") == "s"


@pytest.mark.parametrize("kind", ["link", "pipe", "stage"])
def test_only_real_files_can_be_results(tmp_path: Path, kind: str) -> None:
    scene = Scene(tmp_path / "scene", exists=True)
    match kind:
        case "link":
            (scene.output / "odd").symlink_to("/etc/passwd")
        case "pipe":
            os.mkfifo(scene.output / "odd")
        case _:
            (scene.output / ".tm-odd").write_text("x", encoding="utf-8")
    with pytest.raises(JobFailedError):
        place(scene.output, scene.prepare())
    clean(scene.prepare(attempt=2))
    assert picture(scene.process) == scene.before


def test_names_that_are_no_text_can_be_placed_and_undone(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "scene", exists=True)
    name = os.fsdecode(b"\xff\xfe.jp2")
    (scene.output / name).write_bytes(b"odd")
    place(scene.output, scene.prepare())
    assert (scene.destination / name).read_bytes() == b"odd"


def test_a_private_mode_of_a_tool_is_widened_for_goobi(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "scene", exists=True)
    (scene.output / "3.jp2").chmod(0o600)
    old = os.umask(0o022)
    try:
        place(scene.output, scene.prepare())
    finally:
        os.umask(old)
    assert (scene.destination / "3.jp2").stat().st_mode & 0o777 == 0o644


def test_a_missing_parent_a_file_and_a_path_outside_are_refused_clearly(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "scene", exists=True)
    with pytest.raises(JobFailedError, match="does not exist: check the path"):
        prepare(str(scene.process / "no" / "jp2"), scene.roots, JOB, 1)
    with pytest.raises(JobFailedError, match="is a file: name a folder"):
        prepare(str(scene.destination / "keep.txt"), scene.roots, JOB, 1)
    with pytest.raises(PathRefusedError):
        prepare(str(tmp_path / "elsewhere"), scene.roots, JOB, 1)
    assert picture(scene.process) == scene.before


def test_a_stage_that_somebody_removed_is_an_error_that_says_so(scene: Scene) -> None:
    placement = scene.prepare()
    (placement.home / placement.stage).rmdir()
    with pytest.raises(SupersededError, match="is gone"):
        place(scene.output, placement)
    assert picture(scene.process) == scene.before


NAMES = st.sampled_from(["a", "b", "c", "d"])
TREES = st.dictionaries(
    st.lists(NAMES, min_size=1, max_size=3).map("/".join), st.text("xyz", max_size=3), max_size=6
)


@settings(max_examples=80, deadline=None)
@given(before=TREES, output=TREES, step=st.integers(0, 70))
def test_any_tree_into_any_tree_is_merged_or_left_alone(
    tmp_path_factory: pytest.TempPathFactory, before: dict[str, str], output: dict[str, str], step: int
) -> None:
    folder = tmp_path_factory.mktemp("trees")
    before, output = _possible(before), _possible(output)
    process = folder / "process"
    destination = fill(process / "jp2", before)
    made = fill(folder / "output", output)
    merged = {**before, **output}
    fits = merged == _possible(merged)
    expected_after = picture(fill(folder / "expected" / "jp2", merged)) if fits else None
    was, roots = picture(destination), Roots.of([process])
    placement = prepare(str(destination), roots, JOB, 1)
    with stopped_before(step, crash):
        try:
            place(made, placement)
        except JobFailedError:
            assert not fits
        except Crash:
            pass
        else:
            assert picture(destination) == expected_after
    sealed = any(path.name.endswith("-placed") for path in process.rglob(".tm-*"))
    unharmed = picture(destination) == expected_after
    clean(prepare(str(destination), roots, JOB, 2))
    assert picture(destination) == (expected_after if sealed or unharmed else was)


def _possible(tree: dict[str, str]) -> dict[str, str]:
    """The tree without files that would have to be folders."""
    folders = {str(parent) for name in tree for parent in Path(name).parents}
    return {name: text for name, text in tree.items() if name not in folders}


def _crashes(work: Callable[[], object]) -> bool:
    try:
        work()
    except Crash:
        return True
    return False


@pytest.mark.parametrize("steps", [0, 1])
def test_an_attempt_that_is_not_ours_any_more_undoes_what_it_placed(scene: Scene, steps: int) -> None:
    placement = scene.prepare()
    left = iter([True] * steps)
    with pytest.raises(SupersededError, match="its lease ended"):
        place(scene.output, placement, Terms(lambda: next(left, False)))
    assert picture(scene.process) == scene.before
