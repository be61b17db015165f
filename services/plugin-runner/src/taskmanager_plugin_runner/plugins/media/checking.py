"""Compares a result with its source by what ffprobe counted in both. Pure."""

from collections.abc import Iterator

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.media import formats, probing, texts
from taskmanager_plugin_runner.plugins.media.probing import Media
from taskmanager_plugin_runner.plugins.media.profile import AudioCopy, VideoCopy

_SECONDS_APART, _SHARE_APART = 0.5, 0.001
"""By how much durations may differ: encoders of sound pad, and containers round."""

Difference = tuple[str, object, object]
"""What differs, what was found, what was wanted."""


def require_video(name: str, found: Media, source: Media, copy: VideoCopy) -> None:
    """Raise JobFailedError unless the copy has every frame, in the right size, and the sound."""
    _refuse(name, [*_video_differences(found, source, copy), *_same_length(found, source)])


def _video_differences(found: Media, source: Media, copy: VideoCopy) -> Iterator[Difference]:
    codec, sound = formats.VIDEO_CODECS[copy.format]
    if source.pictures is None or found.pictures is None:
        yield "pictures", found.pictures, source.pictures
        return
    size = probing.fitted(source.pictures, copy.height)
    yield "codec", found.pictures.codec, codec
    yield "size", (found.pictures.width, found.pictures.height), size
    yield "frames", found.pictures.frames, source.pictures.frames
    yield "sounds", [one.codec for one in found.sounds], [sound] * len(source.sounds)


def require_audio(name: str, found: Media, source: Media, copy: AudioCopy) -> None:
    """Raise JobFailedError unless the copy is as long as the source, with one stream of the right kind."""
    codec = formats.AUDIO_CODECS[copy.format]
    expected: list[Difference] = [
        ("pictures", found.pictures, None),
        ("sounds", [one.codec for one in found.sounds], [codec]),
    ]
    _refuse(name, [*expected, *_same_length(found, source)])


def _same_length(found: Media, source: Media) -> Iterator[Difference]:
    if abs(found.duration - source.duration) > _SECONDS_APART + _SHARE_APART * source.duration:
        yield "duration", f"{found.duration:.2f} s", f"{source.duration:.2f} s"


def _refuse(name: str, differences: list[Difference]) -> None:
    for what, found, wanted in differences:
        if found != wanted:
            raise JobFailedError(texts.RESULT_DIFFERS(name=name, what=what, found=found, wanted=wanted))
