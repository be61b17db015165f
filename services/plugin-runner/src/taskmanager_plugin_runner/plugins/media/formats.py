"""What ffmpeg is told for each kind of result. Pure."""

from enum import StrEnum
from typing import Final


class VideoFormat(StrEnum):
    """The format of a copy with moving pictures."""

    MP4 = "mp4"
    WEBM = "webm"


class AudioFormat(StrEnum):
    """The format of a copy of sound alone."""

    MP3 = "mp3"
    M4A = "m4a"
    OPUS = "opus"
    FLAC = "flac"


VIDEO_CODECS: Final = {VideoFormat.MP4: ("h264", "aac"), VideoFormat.WEBM: ("vp9", "opus")}
"""The names that ffprobe has for the pictures and the sound."""
AUDIO_CODECS: Final = {
    AudioFormat.MP3: "mp3",
    AudioFormat.M4A: "aac",
    AudioFormat.OPUS: "opus",
    AudioFormat.FLAC: "flac",
}
LOSSLESS: Final = frozenset({AudioFormat.FLAC})

SUFFIXES: Final = (
    *(".avi", ".dv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts"),
    *(".vob", ".webm", ".wmv"),
    *(".aac", ".aif", ".aiff", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav", ".wma"),
)
"""Files that are taken; what they are is determined by their contents."""

_DEMUXERS: Final = (
    "aac,aiff,asf,avi,dv,flac,matroska,mov,mp3,mpeg,mpegts,mxf,ogg,w64,wav",
    "file,pipe",
)
GUARDED: Final = ("-format_whitelist", _DEMUXERS[0], "-protocol_whitelist", _DEMUXERS[1])
"""Before each input: no playlist is followed to other files or over the network, whatever its name."""
QUIET: Final = ("-hide_banner", "-nostdin", "-nostats", "-v", "error")


def video_words(kind: VideoFormat, quality: int | None, sound: str) -> list[str]:
    """The options of a copy with moving pictures; `quality` is the encoder's constant rate factor."""
    if kind is VideoFormat.MP4:
        pictures = ["-c:v", "libx264", "-preset", "medium", "-crf", str(quality or 23)]
        return [*pictures, "-c:a", "aac", "-b:a", sound, "-movflags", "+faststart", "-f", "mp4"]
    pictures = ["-c:v", "libvpx-vp9", "-b:v", "0", "-crf", str(quality or 32), "-row-mt", "1"]
    return [*pictures, "-deadline", "good", "-cpu-used", "3", "-c:a", "libopus", "-b:a", sound, "-f", "webm"]


def audio_words(kind: AudioFormat, sound: str) -> list[str]:
    """The options of a copy of sound alone."""
    return {
        AudioFormat.MP3: ["-c:a", "libmp3lame", "-b:a", sound, "-f", "mp3"],
        AudioFormat.M4A: ["-c:a", "aac", "-b:a", sound, "-movflags", "+faststart", "-f", "ipod"],
        AudioFormat.OPUS: ["-c:a", "libopus", "-b:a", sound, "-f", "opus"],
        AudioFormat.FLAC: ["-c:a", "flac", "-compression_level", "8", "-f", "flac"],
    }[kind]
