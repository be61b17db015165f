"""A slot in a control group of its own: the kernel keeps its limit, and nothing of it is left at its end."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from tests.unit.runner.slots import is_gone, number_in, options, task, until

from taskmanager.errors import JobKilledError
from taskmanager.files.mounts import mount_of
from taskmanager_plugin_runner.failures import SlotEndedError
from taskmanager_plugin_runner.slot.process import SlotProcess
from taskmanager_plugin_runner.slot_protocol import SlotStep
from taskmanager_plugin_runner.system.control_groups import SlotGroup

PLACES = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))


@pytest.fixture
def group() -> Iterator[SlotGroup]:
    """A real group, with what controllers this machine lends; skips where none can be made."""
    found = [place for place in PLACES if (mount := mount_of(place)) is not None and mount.kind == "cgroup2"]
    if not found or os.geteuid() != 0 or not os.access(found[0], os.W_OK):
        pytest.skip("no control groups of version 2 that may be written to")
    lent = (found[0] / "cgroup.subtree_control").read_text(encoding="ascii").split()
    made = SlotGroup(found[0] / f"taskmanager-{uuid4().hex[:8]}", lent)
    try:
        made.make()
    except OSError as error:
        pytest.skip(f"no control group can be made: {error}")
    yield made
    made.kill()
    made.folder.rmdir()


def inside(group: SlotGroup) -> set[int]:
    return set(map(int, (group.folder / "cgroup.procs").read_text(encoding="ascii").split()))


async def test_nothing_is_left_of_a_slot_wherever_it_has_gone(tmp_path: Path, group: SlotGroup) -> None:
    """The program has its own session, is stopped, and its parents are gone."""
    process = SlotProcess(0, options("wild", tmp_path), group)
    await process.start()
    running = process.order(
        SlotStep.RUN, task("wild", parameters={"deed": "hog", "note": str(tmp_path / "pid")})
    )
    program = await number_in(tmp_path / "pid")
    assert process.pid is not None
    assert {process.pid, program} <= inside(group)
    os.kill(program, signal.SIGSTOP)
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(JobKilledError):
        await running
    await until(lambda: is_gone(program) and not inside(group))


async def test_a_job_beyond_its_limit_is_ended_by_the_kernel_and_says_so(
    tmp_path: Path, group: SlotGroup
) -> None:
    if not group.limits_memory:
        pytest.skip("this machine lends no control of memory to a group of version 2")
    process = SlotProcess(0, options("greedy", tmp_path), group)
    await process.start()
    process.limit_memory(200 * 1024**2)
    with pytest.raises(SlotEndedError) as ended:
        await process.ask(SlotStep.RUN, task("greedy", parameters={"megabytes": 400}))
    assert ended.value.starved
    assert not ended.value.expected
    await process.ended.wait()
    await process.start()
    assert process.alive
    await process.stop()
