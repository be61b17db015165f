"""Folders of results as templates name them, with placeholders for the work and its source. Pure."""

from pathlib import PurePath
from typing import Annotated, Final

from pydantic import StringConstraints

from taskmanager.model.jobs import JobSpec

SOURCE_NAME: Final = "{source}"
"""Stands for the name of the source folder, as Goobi names its thumbnails."""
TITLE: Final = "{title}"
"""Stands for the title of the process, as Goobi names the folders of a process."""
_PART: Final = r"(?:\{source\}|\{title\}|[A-Za-z0-9_])(?:\{source\}|\{title\}|[A-Za-z0-9_.-])*"

Folder = Annotated[str, StringConstraints(pattern=rf"^{_PART}(?:/{_PART})*$", max_length=300)]
"""Below the destination; no part may begin with a dot, so none leads elsewhere."""


def filled(folder: str | None, spec: JobSpec) -> str:
    """The folder of a job, with its placeholders filled; empty for the destination itself."""
    title = PurePath(spec.work_title).name or "pages"
    source = PurePath(spec.source or "").name
    return (folder or "").replace(SOURCE_NAME, source).replace(TITLE, title)
