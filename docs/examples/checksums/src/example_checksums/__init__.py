"""A plugin for the Goobi TaskManager that writes a list of checksums for a folder of files."""

from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pydantic import Field
from taskmanager.plugin_api import (
    JobContext,
    JobFailedError,
    Parameters,
    PauseSupport,
    PluginManifest,
    parse_parameters,
)

FILE_NAMES = {"bagit": "manifest-{algorithm}.txt", "plain": "{algorithm}sums.txt"}
"""The templates: a list as BagIt wants it (RFC 8493), or one that `sha256sum --check` reads in the folder."""

PREFIXES = {"bagit": "data/", "plain": ""}


class ChecksumParameters(Parameters):
    """What a job may choose. Wrong names and values are refused before the job is accepted."""

    algorithm: Literal["md5", "sha256", "sha512"] = "sha256"
    files_at_least: int = Field(default=1, ge=0, description="fewer files than this are an error")


class ChecksumsPlugin:
    """One instance serves job after job in a slot process, so it keeps nothing of a job."""

    @property
    def manifest(self) -> PluginManifest:
        """What the TaskManager must know about the plugin."""
        return PluginManifest(
            name="checksums",
            title="Checksums",
            job_type="CHECKSUMS",
            version=version("example-taskmanager-checksums"),
            parameters=ChecksumParameters.model_json_schema(),
            templates=tuple(FILE_NAMES),
            template_default="plain",
            pause=PauseSupport.CHECKPOINT,
            reads_in_place=True,
        )

    def run(self, context: JobContext) -> None:
        """Read every file of the source and write one list into the output."""
        chosen = parse_parameters(ChecksumParameters, context.spec.parameters)
        files = context.files()
        if len(files) < chosen.files_at_least:
            raise JobFailedError(f"{len(files)} file(s) found, at least {chosen.files_at_least} expected")
        lines = []
        for done, file in enumerate(files):
            context.checkpoint()
            context.progress(done, len(files), file.name)
            lines.append(self._line(context, chosen.algorithm, file))
        template = context.template or "plain"
        name = FILE_NAMES[template].format(algorithm=chosen.algorithm)
        (context.output / name).write_text("".join(lines), encoding="utf-8")
        context.progress(len(files), len(files))
        context.log.info(f"{len(files)} checksums written to {name}")

    @staticmethod
    def _line(context: JobContext, algorithm: str, file: Path) -> str:
        said = context.run_tool([f"{algorithm}sum", "--binary", "--", file]).stdout
        checksum = said.removeprefix("\\").split(maxsplit=1)[0]
        return f"{checksum}  {PREFIXES[context.template or 'plain']}{file.name}\n"
