"""Runners that the orchestrator of the compose file keeps in a real engine: under load, killed, doubled."""

import itertools
import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from taskmanager_local.demo.process_folder import ProcessFolder
from taskmanager_testing.waiting import eventually

from .stack import HEALTH_CHECK, LIMIT_SECONDS, PROJECT, Stack

pytestmark = pytest.mark.timeout(1800)

PLACE = "trial"
FIRST_JOB = timedelta(seconds=10)
"""From the submission of the first job, where no runner is, to its start."""
MOST = 3
NO_OTHERS = {"runner-shell": 0}
NUMBERS = itertools.count(1)
TEMPLATE = """\
title = "A nap"
mode = "job"
argv = ["sh", "-c", "sleep {parameters.seconds}; date > '{destination}/done.txt'"]
[parameters.seconds]
type = "integer"
default = 2
"""


class Place:
    """The place of the orchestrator, as its users and the engine see it."""

    def __init__(self, stack: Stack, source: str, results: Path) -> None:
        self.stack, self._source, self._results = stack, source, results

    def scale(self, plugin: str = "shell", **wish: Any) -> None:
        with self.stack.client() as client:
            client.put(f"/api/v1/plugins/{plugin}/replicas/{PLACE}", json=wish).raise_for_status()

    def told(self, plugin: str = "shell") -> dict[str, Any]:
        """What is known about the place; empty before the orchestrator has reported."""
        sets = self.stack.told(f"/plugins/{plugin}/replicas")["replicas"]
        return next((one for one in sets if one["place"] == PLACE), {})

    def until(self, plugin: str = "shell", **counts: int) -> dict[str, Any]:
        """Wait until there are so many in these conditions, and none in the others that are on their way."""
        wanted = {"starting": 0, "draining": 0, "stopping": 0, **counts}

        def reached() -> dict[str, Any] | None:
            now = self.told(plugin)
            return now if now and wanted.items() <= now["counts"].items() else None

        return eventually(reached, within_seconds=LIMIT_SECONDS, what=f"{plugin}: {wanted}") or {}

    def submit(self, count: int, seconds: int = 2) -> list[str]:
        destinations = [f"{self._results}/nap_{next(NUMBERS)}" for _ in range(count)]
        return [
            self.stack.submit("shell", self._source, one, template="nap", parameters={"seconds": seconds})
            for one in destinations
        ]

    def job(self, name: str) -> dict[str, Any]:
        return self.stack.told(f"/jobs/{name}")

    def times_worked_on(self, name: str) -> int:
        """How often its plugin began; what was only brought ahead may have been handed back at a drain."""
        history = self.stack.told(f"/jobs/{name}/history")["history"]
        return sum(one["status"] == "PROCESSING" for one in history)

    def runners(self) -> list[str]:
        """The containers that carry the labels of the place, whatever anybody says about them."""
        label = f"label=taskmanager.place={PLACE}"
        return self.stack.engine.run("ps", "--all", "--quiet", "--no-trunc", "--filter", label).split()

    def complaints(self) -> list[str]:
        """What each orchestrator lacks, by its own health check; empty for one that lacks nothing."""
        engine = self.stack.engine
        ids = self.stack.containers("orchestrator")
        return [engine.call([engine.program, "exec", one, *HEALTH_CHECK], check=False).stderr for one in ids]


@pytest.fixture(scope="module")
def bystanders(stack: Stack) -> Iterator[Sequence[str]]:
    """Containers with similar names and labels that belong to somebody else."""
    engine, sleep = stack.engine, (stack.runner_image, "sleep", "infinity")
    mounts = [part for mount in stack.mounts for part in ("--volume", mount)]
    labels = {"place": "elsewhere", "plugin": "shell", "replica": "elsewhere.shell.1"}
    labelled = [part for name, value in labels.items() for part in ("--label", f"taskmanager.{name}={value}")]
    made = [
        engine.run("run", "--detach", *options, "--network", "none", *mounts, *sleep).split()[-1]
        for options in (("--name", f"taskmanager.{PLACE}.shell.99"), labelled)
    ]
    yield made
    engine.run("rm", "--force", *made)


@pytest.fixture(scope="module")
def place(
    stack: Stack,
    book: ProcessFolder,
    files: Path,
    bystanders: Sequence[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Place]:
    """The stack with an orchestrator, to which the runners of shell are left."""
    del bystanders  # they are there before it comes
    folder = tmp_path_factory.mktemp("orchestrator")
    templates = folder / "templates"
    (templates / "shell").mkdir(parents=True)
    (templates / "shell" / "nap.toml").write_text(TEMPLATE)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (folder / "orchestrator.toml").write_text(configuration(stack, templates))
    stack.settings |= {
        "TASKMANAGER_ORCHESTRATOR": str(folder / "orchestrator.toml"),
        "DOCKER_SOCKET": stack.engine.socket,
    }
    made = Place(stack, f"/files/{book.masters.relative_to(files)}", Path(f"/files/{book.number}/images"))
    try:
        stack.up(profile="orchestrator", scale=NO_OTHERS)
        eventually(made.told, within_seconds=LIMIT_SECONDS, what="a first report")
        yield made
    finally:
        stack.compose("--profile", "orchestrator", "rm", "--stop", "--force", "orchestrator")
        for container in made.runners():
            stack.engine.run("rm", "--force", "--volumes", container)
        stack.settings.clear()
        stack.up()


def configuration(stack: Stack, templates: Path) -> str:
    """The orchestrator's file."""
    template = {
        "image": stack.runner_image,
        "command": ["taskmanager-plugin-runner", "--plugin", "shell", "--slots", "1"],
        "mounts": [
            f"{PROJECT}_accounts-runner-shell:/run/accounts:ro",
            f"{stack.files}:/files",
            f"{templates}:/templates:ro",
            "/workspace",
            *stack.mounts,
        ],
        "network": f"{PROJECT}_broker",
        "memory_bytes": 2**30,
        "read_only": True,
        "tmpfs": ["/tmp"],
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in template.items()]
    return "\n".join(
        [
            f'place = "{PLACE}"',
            '[docker]\naddress = "unix:///var/run/docker.sock"',
            f"[plugins.shell]\nmost = {MOST}\n[plugins.shell.docker]",
            *lines,
            "[plugins.shell.docker.environment]",
            'AMQP_URL_FILE = "/run/accounts/amqp_url"\nTASKMANAGER_TEMPLATES = "/templates"',
            "[plugins.crash]\nmost = 1\n[plugins.crash.docker]",
            f"mounts = {json.dumps(list(stack.mounts))}",
            f'image = "{stack.runner_image}"\ncommand = ["sh", "-c", "exit 3"]\nnetwork = "none"\n',
        ]
    )


def test_the_first_job_has_a_runner_within_ten_seconds(place: Place) -> None:
    place.scale(mode="manual", desired=1)
    place.until(running=1)
    place.scale(mode="manual", desired=0)
    place.until(running=0)
    assert place.runners() == []
    place.scale(mode="auto", min=0, max=MOST)
    [job] = place.submit(1)
    place.stack.wait_until_done(job)
    found = place.job(job)
    waited = datetime.fromisoformat(found["started_at"]) - datetime.fromisoformat(found["queued_at"])
    assert waited <= FIRST_JOB
    assert found["attempt"] == 1


def test_from_three_to_none_under_load_with_the_orchestrator_killed_no_job_fails(place: Place) -> None:
    place.scale(mode="manual", desired=3)
    place.until(running=3)
    jobs = place.submit(15, seconds=4)
    eventually(
        lambda: sum(place.job(job)["status"] == "PROCESSING" for job in jobs) == MOST,
        within_seconds=LIMIT_SECONDS,
        what="three jobs run",
    )
    place.scale(mode="manual", desired=0)
    eventually(lambda: place.told()["counts"]["draining"], within_seconds=LIMIT_SECONDS, what="a drain")
    place.stack.kill("orchestrator")
    place.until(running=0)
    assert place.runners() == []
    assert {place.job(job)["status"] for job in jobs} == {"DONE", "STARTED"}
    place.stack.wait_until_well("orchestrator")
    place.scale(mode="manual", desired=3)
    place.stack.wait_until_done(*jobs)
    assert {job: place.times_worked_on(job) for job in jobs} == dict.fromkeys(jobs, 1)


def test_a_crash_loop_is_named_and_ends_when_nothing_is_wanted(place: Place) -> None:
    place.scale("crash", mode="manual", desired=1)
    found = place.until("crash", failing=1)
    assert found["replicas"][0]["detail"] == "exit code 3"
    place.scale("crash", mode="manual", desired=0)
    place.until("crash", failing=0)
    left = place.stack.engine.run("ps", "--all", "--quiet", "--filter", "label=taskmanager.plugin=crash")
    assert left == ""


def test_of_two_orchestrators_one_acts_and_the_other_takes_over(place: Place) -> None:
    place.scale(mode="manual", desired=2)
    place.until(running=2)
    before = set(place.runners())
    [first] = place.stack.containers("orchestrator")
    many = ("--scale", "orchestrator=2", "--scale", "runner-shell=0")
    place.stack.compose("--profile", "orchestrator", "up", "--detach", "--no-build", "--no-recreate", *many)
    eventually(
        lambda: sorted(map(bool, place.complaints())) == [False, True],
        within_seconds=LIMIT_SECONDS,
        what="one of two orchestrators is ready",
    )
    assert "control" in "".join(place.complaints())
    assert set(place.runners()) == before
    place.stack.engine.run("rm", "--force", first)
    place.scale(mode="manual", desired=3)
    place.until(running=3)
    assert set(place.runners()) > before


def test_while_the_engine_does_not_answer_nothing_is_concluded(place: Place) -> None:
    if place.stack.engine.service is None:
        pytest.skip("the engine is not the trial's own, so it is not made silent")
    place.scale(mode="manual", desired=MOST)
    place.until(running=MOST)
    before = set(place.runners())
    with place.stack.engine.silent():
        eventually(
            lambda: any("engine" in one for one in place.complaints()),
            within_seconds=LIMIT_SECONDS,
            what="the orchestrator misses the engine",
        )
        place.scale(mode="manual", desired=MOST - 1)
        place.stack.wait_until_done(*place.submit(4, seconds=1))
        assert set(place.runners()) == before
    place.until(running=MOST - 1)
    assert set(place.runners()) < before


def test_the_containers_of_others_were_not_touched(
    place: Place, bystanders: Sequence[str], stack: Stack
) -> None:
    others = [*bystanders, *stack.containers("runner-jp2")]
    states = [stack.inspected(one)["State"] for one in others]
    assert [state["Status"] for state in states] == ["running"] * len(others)
    assert place.runners()
    assert not set(place.runners()) & set(others)
