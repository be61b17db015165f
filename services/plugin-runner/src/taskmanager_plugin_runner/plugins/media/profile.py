"""A template of the plugin `media`, as values that can be validated. Runs nothing."""

import re
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from taskmanager.model.jobs import Record
from taskmanager_plugin_runner.plugins.folders import Folder
from taskmanager_plugin_runner.plugins.media.formats import AudioFormat, VideoFormat
from taskmanager_plugin_runner.plugins.titled import Titled

BitRate = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,5}k$")]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
Regex = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class VideoCopy(Record):
    """A copy of files with moving pictures, no higher than `height` pixels; `quality`: lower is better."""

    folder: Folder | None = None
    format: VideoFormat = VideoFormat.MP4
    height: int = Field(default=1080, ge=16, le=8640)
    quality: int | None = Field(default=None, ge=1, le=63)
    sound: BitRate = "160k"


class AudioCopy(Record):
    """A copy of files with sound alone."""

    folder: Folder | None = None
    format: AudioFormat = AudioFormat.MP3
    sound: BitRate = "192k"


class Waveform(Record):
    """A picture (PNG) of the sound."""

    folder: Folder | None = None
    width: int = Field(default=1800, ge=16, le=20_000)
    height: int = Field(default=280, ge=16, le=4_000)
    colour: Colour = "#3264a0"


class Thumbnails(Record):
    """Pictures (JPEG) of moments that divide the film evenly, no side longer than `longest_side`."""

    folder: Folder | None = None
    number: int = Field(default=5, ge=1, le=1000)
    longest_side: int = Field(default=400, ge=16, le=8640)


class Profile(Titled):
    """The keys of a template file; `docs/plugins/media.md` explains them.

    `time_limit_seconds` is for one run of ffmpeg, `memory_limit_bytes` for all processes of a job.
    `accepted_messages` are regular expressions for what ffmpeg reports about sources that are sound
    nevertheless.
    """

    description: str = ""
    video: tuple[VideoCopy, ...] = Field(default=(), max_length=10)
    audio: tuple[AudioCopy, ...] = Field(default=(), max_length=10)
    waveform: Waveform | None = None
    thumbnails: Thumbnails | None = None
    accepted_messages: tuple[Regex, ...] = ()
    parallel: int = Field(default=1, ge=1, le=64)
    time_limit_seconds: float = Field(default=86_400.0, gt=0, le=604_800)
    memory_limit_bytes: int = Field(default=4 * 1024**3, ge=1)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if not (self.video or self.audio or self.waveform or self.thumbnails):
            raise ValueError("a template must make something: video, audio, waveform or thumbnails")
        for pattern in self.accepted_messages:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
        if len(set(self.copies)) != len(self.copies):
            raise ValueError("two copies of one format go to the same folder, so one would replace the other")
        return self

    @property
    def copies(self) -> list[tuple[str, str]]:
        """Folder and format of each copy."""
        films = [(one.folder or "", one.format.value) for one in self.video]
        return films + [(one.folder or "", one.format.value) for one in self.audio]
