"""The files of a job by their paths in its source. Reads no contents."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from taskmanager.plugin_api.interface import JobContext


@dataclass(frozen=True, slots=True)
class SourceTree:
    """What a job reads: the folder, its name as it was submitted, and its files by their path in it."""

    folder: Path
    name: str
    files: Mapping[str, Path]

    @classmethod
    def of(cls, context: JobContext) -> "SourceTree":
        """The source of a job; a source that is a file stands for its folder with this file."""
        source = context.source
        if source is None:
            raise AssertionError("the manifest requires a source")
        submitted = PurePosixPath(context.spec.source or str(source))
        folder = source.parent if source.is_file() else source
        name = submitted.stem if source.is_file() else submitted.name
        files = {str(path.relative_to(folder)): path for path in context.files()}
        return cls(folder, name or "source", files)
