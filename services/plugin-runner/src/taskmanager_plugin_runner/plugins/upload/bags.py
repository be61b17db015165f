"""Makes a bag (BagIt, RFC 8493) of a consignment without touching the files: they get names below `data`.

The package `bagit` works in place only, so it would need a copy of everything; the tests use it to check.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins.upload.consignment import Piece, piece

_DECLARATION: Final = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_MANIFEST: Final = "manifest-sha256.txt"
_TAG_MANIFEST: Final = "tagmanifest-sha256.txt"


def today() -> date:
    """The date that stands in a bag."""
    return datetime.now(UTC).date()


def bagged(
    pieces: Sequence[Piece], info: Mapping[str, str], folder: Path, day: date, context: JobContext
) -> list[Piece]:
    """The pieces of a bag; its own files are written into `folder`. The manifest of its tags is the last."""
    payload = [Piece(f"data/{one.name}", one.path, one.size, one.sha256) for one in pieces]
    about = {
        **info,
        "Bagging-Date": day.isoformat(),
        "Payload-Oxum": f"{sum(one.size for one in payload)}.{len(payload)}",
    }
    tags = {
        "bagit.txt": _DECLARATION,
        "bag-info.txt": "".join(f"{label}: {value}\n" for label, value in about.items()),
        _MANIFEST: _listed(payload),
    }
    made = [_write(folder / name, text, context) for name, text in tags.items()]
    return [*payload, *made, _write(folder / _TAG_MANIFEST, _listed(made), context)]


def _listed(pieces: Sequence[Piece]) -> str:
    return "".join(f"{one.sha256}  {_encoded(one.name)}\n" for one in pieces)


def _encoded(name: str) -> str:
    """Line ends and the percent sign are written as in addresses (RFC 8493, 2.1.3)."""
    return name.replace("%", "%25").replace("\n", "%0A").replace("\r", "%0D")


def _write(path: Path, text: str, context: JobContext) -> Piece:
    path.write_text(text, encoding="utf-8", newline="\n")
    return piece(path, path.name, context)
