"""When a runner may divide its control group, what it sets, and what the kernel's counts mean."""

import os
from pathlib import Path, PurePosixPath

import pytest
from tests.unit.runner.scenes import scene
from tests.unit.runner.slots import manifest

from taskmanager.files.mounts import Mount
from taskmanager.messages import Failed
from taskmanager.model.manifest import JobLimits
from taskmanager_plugin_runner.attempt.limit_watch import LimitWatch
from taskmanager_plugin_runner.attempt.outcomes import AttemptOutcome
from taskmanager_plugin_runner.system.control_groups import (
    MemoryEvents,
    SlotGroup,
    _divide,
    own_group,
    why_not,
)

UNIFIED = Mount(Path("/sys/fs/cgroup"), "0:26", PurePosixPath("/"), "cgroup2")
OF_A_CONTAINER = Mount(Path("/sys/fs/cgroup"), "0:26", PurePosixPath("/docker/abc"), "cgroup2")


def group(folder: Path, procs: str = "") -> Path:
    """A tree as the kernel would show it."""
    folder.mkdir()
    files = {"cgroup.type": "domain", "cgroup.procs": procs, "cgroup.subtree_control": ""}
    for name, text in {**files, "cgroup.controllers": "cpu memory pids"}.items():
        (folder / name).write_text(text, encoding="ascii")
    return folder


@pytest.mark.parametrize(
    ("text", "mount", "found"),
    [
        ("0::/system.slice/tm.service\n", UNIFIED, "/sys/fs/cgroup/system.slice/tm.service"),
        ("4:memory:/x\n0::/\n", UNIFIED, "/sys/fs/cgroup"),
        ("0::/docker/abc/in\n", OF_A_CONTAINER, "/sys/fs/cgroup/in"),
        ("0::/elsewhere\n", OF_A_CONTAINER, None),
        ("4:memory:/x\n", UNIFIED, None),
        ("0::/x\n", None, None),
    ],
)
def test_the_group_of_a_process_is_found(text: str, mount: Mount | None, found: str | None) -> None:
    assert own_group(text, mount) == (Path(found) if found else None)


def test_only_a_group_that_is_given_away_is_divided(tmp_path: Path) -> None:
    own = group(tmp_path / "own")
    assert why_not(own, os.getuid() or 1) == (
        None if os.getuid() else f"{own} is not delegated (Delegate=yes in a systemd unit)"
    )
    assert "not delegated" in str(why_not(own, 0))
    os.setxattr(own, "user.delegate", b"1")
    assert why_not(own, 0) is None
    (own / "cgroup.type").unlink()
    assert "root of all" in str(why_not(own, 0))
    assert "not mounted" in str(why_not(None, 0))


def test_a_divided_group_holds_its_runner_and_slots_with_limits(tmp_path: Path) -> None:
    own = group(tmp_path / "own")
    groups = _divide(own)
    assert (own / "cgroup.subtree_control").read_text(encoding="ascii") == "+memory +pids"
    assert (own / "runner").is_dir()
    made = groups.slot(3)
    made.folder.mkdir()
    (made.folder / "memory.events").write_text("oom 0\noom_kill 0\n", encoding="ascii")
    (made.folder / "memory.swap.max").write_text("max", encoding="ascii")
    made.make()
    made.limit(4096)
    kept = {file.name: file.read_text(encoding="ascii") for file in made.folder.iterdir()}
    assert kept.items() >= {"memory.max": "4096", "memory.swap.max": "0", "memory.oom.group": "1"}.items()
    assert kept["pids.max"] == "1000"


def test_a_death_by_the_limit_is_told_from_one_by_the_machine() -> None:
    before = MemoryEvents.parse("low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\noom_group_kill 1\n")
    assert MemoryEvents(2, 3).starved_since(before)
    assert not MemoryEvents(1, 3).starved_since(before)  # the machine's or the container's
    assert not MemoryEvents(2, 1).starved_since(before)
    assert not before.starved_since(before)


def test_the_error_of_the_job_names_its_limit() -> None:
    watch = LimitWatch(manifest("x", limits=JobLimits(memory_limit_bytes=64 * 1024**2)).limits)
    error = watch.starved()
    assert error.kind == "MemoryLimit"
    assert error.message.startswith("it needed more memory than its limit of 64.0 MiB")


async def test_a_job_that_met_its_limit_has_failed_and_did_not_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a limit that the runner watches, the job is not retried and says why."""
    group = SlotGroup(tmp_path / "group", ())
    monkeypatch.setattr(SlotGroup, "starved", lambda _: True)
    async with scene("crash", tmp_path, limits=JobLimits(memory_limit_bytes=64 * 1024**2)) as made:
        monkeypatch.setattr(made.slot, "_group", group)
        await made.start("crash")
    assert made.over == [AttemptOutcome.FAILED]
    (failed,) = made.fake_scheduler.of(Failed)
    assert (failed.crashed, failed.error.kind) == (False, "MemoryLimit")


def test_a_group_without_the_controller_sets_no_limit(tmp_path: Path) -> None:
    made = SlotGroup(tmp_path / "slot", ())
    made.make()
    made.limit(4096)
    assert not made.starved()
    assert list(made.folder.iterdir()) == []
