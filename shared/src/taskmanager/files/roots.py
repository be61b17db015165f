"""Which folders of the file system a job may use, and what they are called on other machines.

The gateway and, at the time of use, the runner make the same check. A `PathMapping` translates between
machines that mount a share in different places.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from taskmanager.errors import PathRefusedError
from taskmanager.files.unicode_names import as_spelled, composed, spelling_note
from taskmanager.model.reasons.job_texts import path_texts


@dataclass(frozen=True, slots=True)
class PathMapping:
    """Pairs of folders: what the sender of a path calls it, and where the same folder is on this machine."""

    pairs: tuple[tuple[PurePosixPath, PurePosixPath], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "PathMapping":
        """Read `theirs=ours` pairs separated by `os.pathsep`; raises PathRefusedError."""
        pairs = {}
        for part in filter(None, text.split(os.pathsep)):
            theirs, equals, ours = part.partition("=")
            if not equals:
                message = f"{part!r} is no mapping: write /their/folder=/our/folder"
                raise PathRefusedError(message)
            pairs[theirs] = ours
        return cls.of(pairs)

    @classmethod
    def of(cls, pairs: Mapping[str, str]) -> "PathMapping":
        """The mapping, longest folders first; raises PathRefusedError for a malformed pair."""
        found = [(_well_formed(theirs), _well_formed(ours)) for theirs, ours in pairs.items()]
        found.sort(key=lambda pair: len(pair[0].parts), reverse=True)
        return cls(tuple((PurePosixPath(theirs), PurePosixPath(ours)) for theirs, ours in found))

    def apply(self, text: str) -> str:
        """The path on this machine; unchanged if it is malformed or no folder of the mapping contains it.

        Nothing is looked up in the file system: `Roots.resolve` checks the result.
        """
        try:
            path = PurePosixPath(_well_formed(text))
        except PathRefusedError:
            return text
        for theirs, ours in self.pairs:
            if _composed(path).is_relative_to(_composed(theirs)):
                return str(ours.joinpath(*path.parts[len(theirs.parts) :]))
        return text


@dataclass(frozen=True, slots=True)
class Roots:
    """The configured root folders, resolved; a job's paths must, after mapping, be inside one of them."""

    folders: tuple[Path, ...]
    mapping: PathMapping = PathMapping()

    @classmethod
    def parse(cls, text: str, mapping: PathMapping = PathMapping()) -> "Roots":
        """Read absolute folders separated by `os.pathsep`; raises PathRefusedError for a relative one."""
        return cls.of([Path(part) for part in text.split(os.pathsep) if part], mapping)

    @classmethod
    def of(cls, folders: Sequence[Path], mapping: PathMapping = PathMapping()) -> "Roots":
        """Resolve the folders once; raises PathRefusedError for a relative one."""
        for folder in folders:
            if not folder.is_absolute():
                message = f"root {str(folder)!r} is not absolute: give the full path of a folder"
                raise PathRefusedError(message)
        return cls(tuple(folder.resolve() for folder in folders), mapping)

    def resolve(self, text: str) -> Path:
        """The real path behind `text`, mapped and with links followed; it need not exist.

        A name that exists only in the other Unicode normal form is found. Raises PathRefusedError for NUL,
        relative paths, `..`, mixed separators, names in several forms, and paths that lead outside the roots.
        """
        try:
            real = as_spelled(self._here(text)).resolve()
        except (OSError, RuntimeError) as error:
            raise PathRefusedError(path_texts.NOT_RESOLVED(path=repr(text), error=error)) from error
        return self.contain(real, text)

    def note(self, text: str) -> str | None:
        """What the log of a job should say about how its path was found, if anything."""
        given = self._here(text)
        used = as_spelled(given)
        return spelling_note(given, used) if used != given else None

    def _here(self, text: str) -> Path:
        return Path(self.mapping.apply(str(_well_formed(text))))

    def contain(self, real: Path, text: str) -> Path:
        """`real` if it is inside the roots; otherwise raises PathRefusedError, which quotes `text`."""
        if not any(real == root or root in real.parents for root in self.folders):
            known = ", ".join(map(str, self.folders)) or path_texts.NO_FOLDERS()
            elsewhere = self._elsewhere(text)
            raise PathRefusedError(path_texts.OUTSIDE(path=repr(text), folders=known, **elsewhere))
        return real

    def _elsewhere(self, text: str) -> dict[str, str]:
        """How the mapping affected a path that is refused."""
        if not self.mapping.pairs:
            return {}
        mapped = self.mapping.apply(text)
        if mapped != text:
            return {"mapped": repr(mapped)}
        return {"theirs": ", ".join(str(theirs) for theirs, _ in self.mapping.pairs)}


def _composed(path: PurePosixPath) -> PurePosixPath:
    return PurePosixPath(composed(str(path)))


def _well_formed(text: str) -> Path:
    if "\0" in text:
        raise PathRefusedError(path_texts.NUL(path=repr(text)))
    path = Path(text)
    if "/" in text and "\\" in text:
        raise PathRefusedError(path_texts.MIXED(path=repr(text)))
    if not path.is_absolute():
        raise PathRefusedError(path_texts.NO_ABSOLUTE(path=repr(text)))
    if ".." in path.parts:
        raise PathRefusedError(path_texts.UPWARDS(path=repr(text)))
    return path
