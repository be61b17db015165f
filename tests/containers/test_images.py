"""What is in our images: no more than they need, and a list of it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from taskmanager import __version__

from .compose_file import BUILT
from .engine import Engine
from .stack import Stack

pytestmark = pytest.mark.timeout(1800)  # the first of its tests builds them

OF_BUILDING = ("gcc", "cc", "make", "node", "npm", "git", "/opt/build", "/opt/sbom", "/source", "/wheels")
"""Of the stages that build, none of which may be left."""
LABELS = "org.opencontainers.image."
PROGRAMS = {
    "taskmanager-plugin-runner": ("convert", "opj_compress", "pdftoppm"),
    "taskmanager-plugin-runner-ocr": ("tesseract",),
    "taskmanager-plugin-runner-media": ("ffmpeg", "ffprobe"),
}
"""By the image, what its plugins call."""
PACKAGES = {
    "taskmanager-plugin-runner": ("boto3", "img2pdf", "lxml", "opencv-python-headless", "pyvips"),
    "taskmanager-plugin-runner-ocr": ("img2pdf", "lxml", "pyvips"),
    "taskmanager-plugin-runner-media": ("pyvips",),
}
"""By the image, Python packages that some plugins need and others do not."""


@pytest.fixture(params=sorted(BUILT))
def image(request: pytest.FixtureRequest, stack: Stack) -> str:
    """The name of a built image."""
    if stack.over is not None:
        pytest.skip("no image was built: this machine's programs take their place")
    return str(request.param)


def inside(engine: Engine, image: str, *command: str) -> str:
    """What a program in a container of the image prints."""
    return engine.run("run", "--rm", "--network", "none", "--read-only", image, *command)


def python_packages(engine: Engine, image: str) -> Mapping[str, str]:
    """The version of each Python package in the image."""
    script = "import importlib.metadata as m; [print(d.name, d.version) for d in m.distributions()]"
    return dict(line.split() for line in inside(engine, image, "python", "-c", script).splitlines())


def test_an_image_says_what_it_is_and_is_not_for_root(engine: Engine, image: str) -> None:
    [inspected] = json.loads(engine.run("image", "inspect", image))
    config: Mapping[str, Any] = inspected["Config"]
    labels = {name.removeprefix(LABELS): value for name, value in config["Labels"].items()}
    service = image.removeprefix("taskmanager-").removesuffix("-ocr").removesuffix("-media")
    assert labels["title"] == f"Goobi TaskManager: {service}"
    assert (labels["version"], labels["licenses"]) == (__version__, "Apache-2.0")
    assert int(config["User"]) > 0
    health = config.get("Healthcheck") or inspected["Healthcheck"]  # podman's place for it
    assert health["Test"][0] == "CMD"


def test_nothing_is_left_of_the_stages_that_build(engine: Engine, image: str) -> None:
    script = " ".join(f"command -v {one} || ls -d {one} 2>/dev/null;" for one in OF_BUILDING)
    assert inside(engine, image, "sh", "-c", f"{script} true") == ""


def test_only_runners_have_programs_of_plugins_and_each_only_those_of_its_own(
    engine: Engine, image: str
) -> None:
    every = sorted(program for programs in PROGRAMS.values() for program in programs)
    script = " ".join(f"command -v {program} >/dev/null && echo {program};" for program in every)
    found = inside(engine, image, "sh", "-c", f"{script} true").split()
    assert found == sorted(PROGRAMS.get(image, ()))
    packages = {package for packages in PACKAGES.values() for package in packages}
    assert packages & set(python_packages(engine, image)) == set(PACKAGES.get(image, ()))


def test_an_image_carries_the_list_of_its_python_packages(engine: Engine, image: str) -> None:
    listed = json.loads(inside(engine, image, "cat", "/opt/taskmanager/sbom.cdx.json"))
    assert listed["bomFormat"] == "CycloneDX"
    found = {one["name"]: one["version"] for one in listed["components"]}
    assert found == python_packages(engine, image)
    assert {"taskmanager", "pika"} <= set(found)
