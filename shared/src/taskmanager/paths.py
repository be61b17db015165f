"""Which folders of the file system a job may touch.

The same check in the gateway and, at use, in the runner.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from taskmanager.errors import PathRefusedError


@dataclass(frozen=True, slots=True)
class Roots:
    """The configured root folders, resolved; a job's paths must lie inside one of them."""

    folders: tuple[Path, ...]

    @classmethod
    def parse(cls, text: str) -> "Roots":
        """Read absolute folders separated by `os.pathsep`; raises PathRefusedError for a relative one."""
        return cls.of([Path(part) for part in text.split(os.pathsep) if part])

    @classmethod
    def of(cls, folders: Sequence[Path]) -> "Roots":
        """Resolve the folders once; raises PathRefusedError for a relative one."""
        for folder in folders:
            if not folder.is_absolute():
                message = f"root {str(folder)!r} is not absolute: give the full path of a folder"
                raise PathRefusedError(message)
        return cls(tuple(folder.resolve() for folder in folders))

    def resolve(self, text: str) -> Path:
        """The real path behind `text`, links followed; it need not exist.

        Raises PathRefusedError for NUL, relative paths, `..`, and anything that leads outside the roots.
        """
        path = _well_formed(text)
        try:
            real = path.resolve()
        except (OSError, RuntimeError) as error:
            message = f"path {text!r} cannot be resolved: {error}"
            raise PathRefusedError(message) from error
        return self.contain(real, text)

    def contain(self, real: Path, text: str) -> Path:
        """`real` if it lies inside the roots; raises PathRefusedError that speaks of `text` otherwise."""
        if not any(real == root or root in real.parents for root in self.folders):
            known = ", ".join(map(str, self.folders)) or "none are configured"
            message = f"path {text!r} leads outside the folders jobs may use ({known})"
            raise PathRefusedError(message)
        return real


def _well_formed(text: str) -> Path:
    if "\0" in text:
        message = f"path {text!r} contains a NUL character"
        raise PathRefusedError(message)
    path = Path(text)
    if not path.is_absolute():
        message = f"path {text!r} is not absolute: give the full path"
        raise PathRefusedError(message)
    if ".." in path.parts:
        message = f"path {text!r} contains '..': give the path it means"
        raise PathRefusedError(message)
    return path
