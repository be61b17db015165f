"""What ffprobe says about a file. Pure: works on its answer."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.media import texts

_ENTRIES: Final = (
    "format=format_name,duration",
    "stream=index,codec_type,codec_name,width,height,sample_aspect_ratio,channels,sample_rate,duration",
    "stream=nb_read_frames",
    "stream_disposition=attached_pic",
    "stream_side_data=rotation",
)
SHOWN: Final = ("-show_entries", ":".join(_ENTRIES), "-of", "json")
"""The options for the answer that `read` understands."""
_TURNED: Final = frozenset({90, 270})


@dataclass(frozen=True, slots=True)
class Pictures:
    """A stream of moving pictures, as it is shown: upright, with square pixels."""

    index: int
    codec: str
    width: int
    height: int
    frames: int


@dataclass(frozen=True, slots=True)
class Sound:
    """A stream of sound; `rate` in samples per second."""

    index: int
    codec: str
    channels: int
    rate: int
    frames: int


@dataclass(frozen=True, slots=True)
class Media:
    """One file. `duration` in seconds; frames are counted only if ffprobe was told to decode all of them."""

    format: str
    duration: float
    pictures: Pictures | None
    sounds: tuple[Sound, ...]
    others: Mapping[str, int] = field(default_factory=dict)
    """How many streams there are of other kinds."""


def read(answer: str, name: str) -> Media:
    """The meaning of ffprobe's JSON; raises JobFailedError if it says nothing useful, or there is nothing."""
    try:
        said = json.loads(answer)
        streams: list[dict[str, Any]] = said["streams"]
        pictures = next((_pictures(one) for one in streams if _moves(one)), None)
        sounds = tuple(_sound(one) for one in streams if one.get("codec_type") == "audio")
        duration = _duration(said["format"], streams)
        others = Counter(str(one.get("codec_type", "unknown")) for one in streams)
        others["video"] -= pictures is not None
        others["audio"] -= len(sounds)
        found = Media(said["format"]["format_name"], duration, pictures, sounds, +others)
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise JobFailedError(texts.ODD_ANSWER(name=name)) from error
    if found.pictures is None and not found.sounds:
        raise JobFailedError(texts.NOTHING_IN_IT())
    if found.duration <= 0:
        raise JobFailedError(texts.NO_DURATION())
    return found


def _moves(stream: Mapping[str, Any]) -> bool:
    """Whether these are moving pictures: a cover is a stream of video, too."""
    return stream.get("codec_type") == "video" and not stream.get("disposition", {}).get("attached_pic")


def _pictures(stream: Mapping[str, Any]) -> Pictures:
    ratio = str(stream.get("sample_aspect_ratio", "1:1")).replace(":", "/")
    aspect = Fraction(ratio) if ratio not in {"0/1", "N/A"} else Fraction(1)
    width, height = round(int(stream["width"]) * aspect), int(stream["height"])
    turns = [int(one["rotation"]) % 360 for one in stream.get("side_data_list", ()) if "rotation" in one]
    if turns and turns[0] in _TURNED:
        width, height = height, width
    return Pictures(
        int(stream["index"]),
        str(stream.get("codec_name")),
        width,
        height,
        int(stream.get("nb_read_frames", 0)),
    )


def _sound(stream: Mapping[str, Any]) -> Sound:
    return Sound(
        int(stream["index"]),
        str(stream.get("codec_name")),
        int(stream.get("channels", 0)),
        int(stream.get("sample_rate", 0)),
        int(stream.get("nb_read_frames", 0)),
    )


def _duration(whole: Mapping[str, Any], streams: list[dict[str, Any]]) -> float:
    """That of the file; some raw formats give it only for their streams."""
    given = [whole.get("duration"), *(one.get("duration") for one in streams)]
    return next((float(one) for one in given if one not in {None, "N/A"}), 0.0)


def fitted(pictures: Pictures, height: int) -> tuple[int, int]:
    """Width and height of a copy: square pixels, no higher than that, never enlarged, both even numbers."""
    high = min(height, pictures.height)
    wide = pictures.width * high / pictures.height
    return max(2, 2 * round(wide / 2)), max(2, 2 * (high // 2))


def moments(duration: float, number: int) -> list[float]:
    """Seconds of the moments that divide a film into as many parts, in the middle of each."""
    return [duration * (one + 0.5) / number for one in range(number)]
