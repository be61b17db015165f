"""Copies one file, and stops in the middle if it is told to. Knows nothing of where files belong."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from taskmanager.sources import open_regular
from taskmanager_plugin_runner.failures import refuse
from taskmanager_plugin_runner.sources import SourceFile

COPY_BYTES = 1024 * 1024
COMING = ".tm-coming"
"""Name of an input file until it is complete."""


class CopyStoppedError(Exception):
    """Who copies was told to stop; half a file is left."""


def copy_source(file: SourceFile, target: Path, stopped: Callable[[], bool] = lambda: False) -> None:
    """Bring an input file into a folder, where it shows when it is complete; raises JobFailedError."""
    coming = target / COMING
    try:
        with open_regular(file.path) as origin, coming.open("wb") as copy:
            pour(origin, copy, stopped)
        shutil.copystat(file.path, coming)
        coming.replace(target / file.name)
    except OSError as error:
        refuse(error, f"{file.path} could not be copied to the workspace")


def pour(origin: BinaryIO, copy: BinaryIO, stopped: Callable[[], bool] = lambda: False) -> None:
    """Everything from one open file to the other; raises CopyStoppedError, OSError."""
    while chunk := origin.read(COPY_BYTES):
        if stopped():
            raise CopyStoppedError
        copy.write(chunk)
