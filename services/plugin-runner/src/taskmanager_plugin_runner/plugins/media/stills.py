"""Checks a picture that ffmpeg made, with the readers of all picture plugins. Runs in a child process."""

from pathlib import Path

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.media import texts
from taskmanager_plugin_runner.plugins.pictures import decoding, formats


def require_still(path: Path, size: tuple[int, int]) -> None:
    """Raise JobFailedError unless the file is a complete picture of that size (width, height)."""
    facts = formats.read_facts(path)[0]
    if (facts.width, facts.height) != size:
        found = (facts.width, facts.height)
        raise JobFailedError(texts.RESULT_DIFFERS(name=path.name, what="size", found=found, wanted=size))
    decoding.decode(path, facts)
