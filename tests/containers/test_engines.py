"""The engine of containers fulfils the contract of engines, on a real Docker Engine and on podman."""

import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from docker import DockerClient
from tests.engines import BROKEN, CRASHING, DEAF, PATIENT, STEADY, STUBBORN, EngineContract, Make

from taskmanager_orchestrator.engines.docker import DockerEngine
from taskmanager_orchestrator.templates import DockerTemplate
from taskmanager_testing.waiting import eventually

from .conftest import FOLDER
from .engine import Engine, NoEngineError, engine_at

PROGRAMS = ("/bin/sh", "/bin/sleep")
FOREIGN = "somebody-elses"


@contextmanager
def docker_at(folder: Path) -> Iterator[str]:
    """The address of a private Docker Engine; raises NoEngineError."""
    if shutil.which("dockerd") is None or os.geteuid() != 0:
        raise NoEngineError("needs root and dockerd (Debian's package docker.io)")
    with tempfile.TemporaryDirectory() as short, (folder / "dockerd.log").open("ab") as log:
        address = f"unix://{short}/docker.sock"
        places = [f"--data-root={folder}/dockerd", f"--exec-root={short}/exec", f"--pidfile={short}/pid"]
        limits = ["--default-ulimit=nofile=20000:20000", "--default-ulimit=nproc=32768:32768"]
        alone = ["--iptables=false", "--bridge=none", "--exec-opt=native.cgroupdriver=cgroupfs"]
        command = ["dockerd", f"--host={address}", *places, *limits, *alone]
        daemon = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            eventually((Path(short) / "docker.sock").exists, what="dockerd answers")
            yield address
        finally:
            daemon.terminate()
            daemon.wait()


@pytest.fixture(scope="module", params=["docker", "podman"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where the engine answers."""
    FOLDER.mkdir(exist_ok=True)
    try:
        with docker_at(FOLDER) if request.param == "docker" else _podman() as found:
            yield found
    except NoEngineError as reason:
        pytest.skip(f"{request.param} was not tried: {reason}")


@pytest.fixture(scope="module")
def image(address: str) -> str:
    """An image that has a shell and nothing else."""
    return imported(address)


@contextmanager
def _podman() -> Iterator[str]:
    with engine_at(FOLDER) as engine:
        if engine.program != "podman":
            raise NoEngineError("the other engine is Docker too")
        yield _address_of(engine)


def _address_of(engine: Engine) -> str:
    return engine.environment["DOCKER_HOST"]


def imported(address: str) -> str:
    """The id of an image with a shell, imported, as a registry is not at hand."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path in sorted({*PROGRAMS, *_libraries()}):
            tar.add(os.path.realpath(path), arcname=path)
    client = DockerClient(base_url=address)
    told = client.api.import_image_from_data(archive.getvalue(), repository="taskmanager-contract", tag="1")
    client.close()
    identity: str = json.loads(told.splitlines()[-1])["status"]
    return identity


def _libraries() -> Iterator[str]:
    for program in PROGRAMS:
        listed = subprocess.run(["/usr/bin/ldd", program], capture_output=True, text=True, check=True).stdout
        yield from (word for word in listed.split() if word.startswith("/"))


class TestDockerEngine(EngineContract):
    """Containers."""

    @pytest.fixture
    def make(self, address: str, image: str) -> Iterator[Make]:
        programs = {STEADY: PATIENT, STUBBORN: DEAF, CRASHING: "exit 3"}
        templates = {
            plugin: DockerTemplate(image=image, command=("/bin/sh", "-c", program), network="none")
            for plugin, program in programs.items()
        }
        templates[BROKEN] = DockerTemplate(image="no-such-image:1", network="none")
        yield lambda place: DockerEngine(address, place, templates)
        client = DockerClient(base_url=address)
        for container in client.containers.list(all=True):
            container.remove(force=True)
        client.close()

    async def test_containers_without_our_label_are_left_alone(
        self, make: Make, address: str, image: str
    ) -> None:
        client = DockerClient(base_url=address)
        command = ["/bin/sh", "-c", PATIENT]
        foreign = client.containers.run(image, command, name=FOREIGN, network_mode="none", detach=True)
        engine = make("here")
        for work in (engine.kill, engine.remove):
            await work(STEADY, FOREIGN)
        await engine.stop(STEADY, [FOREIGN])
        assert list(await engine.look()) == []
        foreign.reload()
        assert foreign.status == "running"
        await engine.close()
        client.close()

    async def test_limits_of_the_template_are_those_of_the_container(self, address: str, image: str) -> None:
        template = DockerTemplate(
            image=image,
            command=("/bin/sh", "-c", PATIENT, "{name}"),
            network="none",
            mounts=("/workspace", "/tmp:/elsewhere:ro"),
            read_only=True,
            tmpfs=(Path("/run"),),
            memory_bytes=64 * 1024 * 1024,
            processors=0.5,
            environment={"COLOUR": "red"},
        )
        engine = DockerEngine(address, "here", {STEADY: template})
        await engine.start(STEADY, "here.steady.1")
        client = DockerClient(base_url=address)
        [container] = client.containers.list(filters={"label": "taskmanager.replica=here.steady.1"})
        host, config = container.attrs["HostConfig"], container.attrs["Config"]
        assert (host["Memory"], host["NanoCpus"]) == (64 * 1024 * 1024, 500_000_000)
        assert {"COLOUR=red", "TASKMANAGER_RUNNER_ID=here.steady.1"} <= set(config["Env"])
        assert config["Cmd"][-1] == "here.steady.1"
        places = {one["Destination"]: (one["Type"], one["RW"]) for one in container.attrs["Mounts"]}
        assert places["/workspace"] == ("volume", True)
        assert places["/elsewhere"] == ("bind", False)
        assert host["ReadonlyRootfs"] is True
        assert host["RestartPolicy"]["Name"] in {"", "no"}
        container.remove(force=True)
        await engine.close()
        client.close()
