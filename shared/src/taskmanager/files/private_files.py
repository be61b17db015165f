"""Files that hold secrets."""

import os
from pathlib import Path


def private_file(path: Path, text: str, owner: int | None = None) -> Path:
    """Write a file that only its owner may read; it is never readable by others, not even briefly.

    `owner` is the user id that is to own it, which only root may set.
    """
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    if owner is not None:
        os.chown(beside, owner, -1)
    beside.replace(path)
    return path
