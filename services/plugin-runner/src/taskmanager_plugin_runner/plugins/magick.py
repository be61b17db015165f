"""Finds the real ImageMagick, limits its resources, and tells which of its warnings mean damage.

Knows no template.
"""

import re
import shutil
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Final

from taskmanager.errors import PermanentError, ToolFailedError
from taskmanager.model.reasons.coded_text import told, without
from taskmanager.model.reasons.job_texts import tool_texts
from taskmanager.plugin_api import tools
from taskmanager.plugin_api.interface import JobContext

_CANDIDATES: Final = {
    "magick": (
        ("magick",),
        ("convert-im6.q16",),
        ("convert-im6.q16hdri",),
        ("/usr/bin/convert",),
        ("convert",),
    ),
    "identify": (("magick", "identify"), ("identify-im6.q16",), ("/usr/bin/identify",), ("identify",)),
}
"""In order of preference. Other programs called `convert` exist, so the bare name comes last and every
candidate's version is checked.
"""
_FAULTS_SHOWN: Final = 10
POLICY: Final = Path(__file__).parent / "magick_policy"
"""A folder with our own policy.xml, which precedes that of the machine: it allows the largest sheets."""
_VERSION_LIMIT: Final = timedelta(seconds=20)
_DIAGNOSTIC: Final = re.compile(r" @ (?:warning|error|fatal)/")
_HARMLESS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        # libtiff reading tags: unknown ones, odd counts, wrong order; readers of pixels have other names
        r"`TIFF(?:ReadDirectory|ReadDirectoryCheckOrder|ReadCustomDirectory|ReadEXIFDirectory|FetchNormalTag)'",
        # libpng on ancillary chunks (PNG specification, 11.3): colour profiles, texts, times
        r": (?:iCCP|sRGB|gAMA|cHRM|tEXt|zTXt|iTXt|pHYs|tIME|bKGD|sBIT|hIST|eXIf|oFFs)[: ]",
        # embedded metadata that ImageMagick cannot parse; it is copied or left out, the pixels are correct
        r"[Cc]orrupt ?[Ii]mage ?[Pp]rofile",
        # libjpeg on harmless headers
        r"Unknown Adobe color transform code|Invalid SOS parameters for sequential|JFIF revision number",
    )
)


@cache
def program(name: str) -> tuple[str, ...]:
    """The command that starts ImageMagick's `magick` (convert) or `identify`, version 7 or 6.

    Raises PermanentError if no candidate on this machine identifies itself as ImageMagick.
    """
    for words in _CANDIDATES[name]:
        if shutil.which(words[0]) and _is_imagemagick(words):
            return words
    tried = ", ".join(" ".join(words) for words in _CANDIDATES[name])
    raise PermanentError(f"ImageMagick was not found (tried {tried}); install the package imagemagick")


def _is_imagemagick(words: tuple[str, ...]) -> bool:
    try:
        return "ImageMagick" in tools.run([*words, "-version"], time_limit=_VERSION_LIMIT).stdout
    except ToolFailedError:
        return False


def limits(parallel: int, scratch: str) -> dict[str, str]:
    """The environment that limits one run, whatever sizes the machine's own policy.xml allows.

    Several concurrent runs get one thread each: this is faster than sharing the processors in every run.
    Beyond memory and map, ImageMagick uses files in `scratch`, up to the disk limit.
    """
    threads = {"MAGICK_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1"} if parallel > 1 else {}
    return {
        "MAGICK_CONFIGURE_PATH": str(POLICY),
        "MAGICK_MEMORY_LIMIT": "1GiB",
        "MAGICK_MAP_LIMIT": "2GiB",
        "MAGICK_DISK_LIMIT": "64GiB",
        "MAGICK_TEMPORARY_PATH": scratch,
        **threads,
    }


def run(
    context: JobContext,
    argv: Sequence[str],
    folder: Path,
    *,
    parallel: int,
    time_limit: timedelta,
    accepted: Sequence[str] = (),
) -> str:
    """Run ImageMagick for one file in `folder` and return its stdout; `argv[0]` is `magick` or `identify`.

    `accepted` are regular expressions of harmless warnings. Raises ToolFailedError if it fails, or if it
    succeeds with a warning that means damage.
    """
    words = [*program(argv[0]), *argv[1:]]
    environment = limits(parallel, str(folder))
    try:
        result = context.run_tool(words, cwd=folder, environment=environment, time_limit=time_limit)
    except ToolFailedError as error:
        raise ToolFailedError(explain(told(error), folder)) from error
    faults = damage(result.stderr, accepted)
    if result.stderr_cut:
        faults.append("more warnings than are kept; the first are lost")
    if faults:
        raise ToolFailedError(
            explain(tool_texts.IMAGE_DAMAGED(output="\n".join(faults[:_FAULTS_SHOWN])), folder)
        )
    return result.stdout


def damage(stderr: str, accepted: Sequence[str] = ()) -> list[str]:
    """The messages of a run with exit code 0 which mean that pixels are missing or wrong.

    For a JPEG cut in half, ImageMagick succeeds and only warns. So every warning counts, except those known
    to be about tags, chunks and profiles, and those that match one of the `accepted` regular expressions.
    """
    known = (*_HARMLESS, *(re.compile(pattern) for pattern in accepted))
    lines = (line for line in stderr.splitlines() if _DIAGNOSTIC.search(line))
    return [line for line in lines if not any(pattern.search(line) for pattern in known)]


def explain(message: str, scratch: Path) -> str:
    """A tool's message without the path of its folder, and with its least clear phrase explained."""
    plain = without(message, (f"{scratch}/in/", f"{scratch}/out/"))
    return tool_texts.NO_IMAGE(output=plain) if "no images defined" in plain else plain
