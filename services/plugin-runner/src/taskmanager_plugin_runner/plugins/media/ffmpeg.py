"""Runs ffmpeg and ffprobe for a job: guarded against what files may ask for, and heeding what they report."""

import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from taskmanager.errors import JobFailedError, ToolFailedError
from taskmanager.model.reasons.coded_text import told, without
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins.media import formats, probing, texts
from taskmanager_plugin_runner.plugins.media.probing import Media

_LINES_SHOWN = 3


class Ffmpeg:
    """The programs as one job uses them."""

    def __init__(self, context: JobContext, accepted: Sequence[str], threads: int, limit: timedelta) -> None:
        """`accepted` are regular expressions for harmless messages; `limit` is for one run."""
        self._context, self._limit = context, limit
        self._accepted = [re.compile(one) for one in accepted]
        self._threads = ["-threads", str(threads)]

    def examine(self, path: Path, name: str) -> Media:
        """What a file holds; every frame of it is decoded.

        Raises JobFailedError for damage, ToolFailedError for a file that ffprobe cannot open.
        """
        words = ["ffprobe", "-hide_banner", "-v", "error", *self._threads, *formats.GUARDED, "-count_frames"]
        answer = self._run([*words, *probing.SHOWN, "-i", _file(path)], path.parent)
        return probing.read(answer, name)

    def convert(self, source: Path, words: Sequence[str], target: Path, name: str) -> None:
        """Make one result; raises JobFailedError if ffmpeg reports anything, ToolFailedError if it fails."""
        given = [*words, *self._threads, "-y", _file(target)]
        self._run(self._command(source, given), target.parent)
        if not target.is_file() or not target.stat().st_size:
            raise JobFailedError(texts.NO_RESULT(name=name))

    def still(self, source: Path, seconds: float, words: Sequence[str], target: Path, name: str) -> None:
        """A picture of one moment; raises as `convert` does."""
        command = self._command(source, [*words, "-frames:v", "1", "-y", _file(target)])
        at = command.index("-i")
        command[at:at] = ["-ss", f"{seconds:.3f}"]
        self._run(command, target.parent)
        if not target.is_file() or not target.stat().st_size:
            raise JobFailedError(texts.NO_RESULT(name=name))

    def digest_of_sound(self, path: Path) -> str:
        """A digest of all samples of the first stream of sound, as integers of 32 bits."""
        words = ["-map", "0:a:0", "-c:a", "pcm_s32le", "-f", "md5", "-"]
        return self._run(self._command(path, words), path.parent).strip()

    def _command(self, source: Path, words: Sequence[str]) -> list[str]:
        return ["ffmpeg", *formats.QUIET, "-xerror", *formats.GUARDED, "-i", _file(source), *words]

    def _run(self, words: Sequence[str], folder: Path) -> str:
        places = tuple(f"{_file(folder.parent)}/{name}/" for name in ("in", "out"))
        try:
            done = self._context.run_tool(words, cwd=folder, time_limit=self._limit)
        except ToolFailedError as error:
            raise ToolFailedError(without(told(error), places)) from error
        lines = [line.strip() for line in without(done.stderr, places).splitlines() if line.strip()]
        odd = [line for line in lines if not any(one.search(line) for one in self._accepted)]
        if odd:
            raise JobFailedError(texts.DAMAGED(said="; ".join(odd[:_LINES_SHOWN])))
        return done.stdout


def _file(path: Path) -> str:
    """The name of a file for ffmpeg, which would take one with a colon for an address."""
    return f"file:{path}"
