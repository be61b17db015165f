"""A plugin that tries what a job's code must not be able to do, and records what succeeded."""

import contextlib
import json
import os
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

from taskmanager.model.manifest import Need, Parameters, PluginManifest
from taskmanager.plugin_api.existing_results import Existing
from taskmanager.plugin_api.interface import JobContext, parse_parameters


class ProwlerParameters(Parameters):
    """The targets of its attempts."""

    runner: int
    """Its process id."""
    forbidden: list[str]
    """Files and folders that it must not reach."""
    existing: Existing = Existing.KEEP
    linked: str = ""
    """A file to link into the results."""


class Prowler:
    """Copies its files, and tries everything else."""

    manifest = PluginManifest(
        name="prowler",
        title="Prowler",
        job_type="PROWLER",
        parameters=ProwlerParameters.model_json_schema(),
        source=Need.OPTIONAL,
        destination=Need.OPTIONAL,
        reads_in_place=True,
    )

    def run(self, context: JobContext) -> None:
        """Try everything."""
        parameters = parse_parameters(ProwlerParameters, context.spec.parameters)
        context.existing(parameters.existing, [context.output / file.name for file in context.files()])
        for file in context.files():
            (context.output / file.name).write_bytes(file.read_bytes())
        done = [name for name, deed in _deeds(context, parameters).items() if _works(deed)]
        if parameters.linked:
            os.link(parameters.linked, context.output / "linked")
        tool = subprocess.run(["/usr/bin/id", "-G"], capture_output=True, text=True, check=True)
        context.log.info(json.dumps({"uid": os.getuid(), "groups": tool.stdout.split(), "done": done}))


def _deeds(context: JobContext, parameters: ProwlerParameters) -> dict[str, Callable[[], object]]:
    record = context.output.parent / "placement.json"
    deeds: dict[str, Callable[[], object]] = {
        "written beside": lambda: record.write_text("{}", encoding="ascii"),
        "renamed": lambda: record.rename(record.with_suffix(".old")),
        "root again": lambda: os.setuid(0),
    }
    for path in parameters.forbidden:
        deeds[path] = partial(_read, Path(path))
    for pid in (parameters.runner, os.getppid()):
        deeds[f"signal to {pid}"] = partial(os.kill, pid, 0)
        for name in ("environ", "maps", "mem", "fd"):
            deeds[f"{name} of {pid}"] = partial(_read, Path(f"/proc/{pid}/{name}"))
    for file in context.files():
        deeds[f"{file.name} written"] = partial(_open_to_write, file)
    return deeds


def _works(deed: Callable[[], object]) -> bool:
    with contextlib.suppress(OSError):
        deed()
        return True
    return False


def _read(path: Path) -> object:
    return os.listdir(path) if path.is_dir() else path.open("rb").read(1)


def _open_to_write(file: Path) -> None:
    file.open("ab").close()
