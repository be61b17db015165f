"""Runs one job of the plugin `media`: recordings are examined, converted, and the results examined."""

import os
import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from pydantic import JsonValue

from taskmanager.errors import JobFailedError
from taskmanager.model.jobs import FileRecord, FileState
from taskmanager.model.reasons.coded_text import told
from taskmanager.plugin_api.existing_results import Existing
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins import workpieces
from taskmanager_plugin_runner.plugins.folders import filled
from taskmanager_plugin_runner.plugins.media import checking, formats, probing, texts
from taskmanager_plugin_runner.plugins.media.ffmpeg import Ffmpeg
from taskmanager_plugin_runner.plugins.media.parameters import MediaParameters
from taskmanager_plugin_runner.plugins.media.probing import Media, Pictures
from taskmanager_plugin_runner.plugins.media.profile import AudioCopy, Profile, VideoCopy
from taskmanager_plugin_runner.plugins.media.stills import require_still
from taskmanager_plugin_runner.plugins.parallel import for_each_file
from taskmanager_plugin_runner.plugins.pictures import memory
from taskmanager_plugin_runner.plugins.pictures.decoding_pool import DecodingPool


class MediaJob:
    """One job with its template."""

    def __init__(self, context: JobContext, profile: Profile, parameters: MediaParameters) -> None:
        self._context, self._profile, self._parameters = context, profile, parameters
        self._limit = timedelta(seconds=profile.time_limit_seconds)
        threads = max(1, len(os.sched_getaffinity(0)) // profile.parallel)
        self._ffmpeg = Ffmpeg(context, profile.accepted_messages, threads, self._limit)

    def run(self) -> None:
        """Make all results; raises JobFailedError if there are no recordings or one cannot be converted."""
        taken = workpieces.take(self._context, formats.SUFFIXES)
        workpieces.require_distinct(taken)
        self._numbers = {file: number for number, file in enumerate(taken, start=1)}
        existing = self._parameters.existing
        if existing is Existing.REFUSE:
            self._context.existing(existing, [path for file in taken for path in self._possible(file)])
        with DecodingPool(self._profile.parallel, memory.allowed(), self._context.checkpoint) as self._pool:
            for_each_file(self._context, taken, self._convert, self._profile.parallel)
        if existing is not Existing.REFUSE:
            made = [path for path in self._context.output.rglob("*") if path.is_file()]
            self._context.existing(existing, made)

    def _possible(self, file: Path) -> Iterator[Path]:
        profile = self._profile
        for folder, kind in profile.copies:
            yield self._target(folder, f"{file.stem}.{kind}")
        if profile.waveform:
            yield self._target(profile.waveform.folder, f"{file.stem}.png")
        if profile.thumbnails:
            yield self._target(profile.thumbnails.folder, f"{file.stem}_0001.jpg")

    def _target(self, folder: str | None, name: str) -> Path:
        return self._context.output / filled(folder, self._context.spec) / name

    def _convert(self, file: Path) -> None:
        began = time.monotonic()
        piece = workpieces.lay_out(self._context.scratch, self._numbers[file], file, file)
        source = self._ffmpeg.examine(piece.input, file.name)
        made = list(self._results(file, piece.input, piece.output.parent, source))
        if not made:
            what = "moving pictures" if source.pictures else "sound"
            raise JobFailedError(texts.NOT_WANTED(what=what))
        shutil.rmtree(piece.folder)
        self._context.record(
            FileRecord(
                name=file.name,
                state=FileState.DONE,
                results=tuple(str(path.relative_to(self._context.output)) for path in made),
                facts=_facts(source),
                bytes=file.stat().st_size,
                result_bytes=sum(path.stat().st_size for path in made),
                seconds=time.monotonic() - began,
                warnings=tuple(self._notes(source)),
            )
        )

    def _notes(self, source: Media) -> Iterator[str]:
        if source.others:
            number, kinds = sum(source.others.values()), ", ".join(source.others)
            yield texts.STREAMS_LEFT_OUT(number=number, kinds=kinds)
        if source.pictures is None and self._profile.audio and len(source.sounds) > 1:
            yield texts.ONE_SOUND(number=len(source.sounds))

    def _results(self, file: Path, link: Path, folder: Path, source: Media) -> Iterator[Path]:
        profile = self._profile
        if source.pictures:
            for number, copy in enumerate(profile.video):
                made = folder / f"{number}.{copy.format.value}"
                target = self._target(copy.folder, f"{file.stem}.{copy.format.value}")
                self._copy_video(link, source, source.pictures, copy, made, target.name)
                yield self._placed(made, target)
        else:
            for number, sound in enumerate(profile.audio):
                made = folder / f"{number}.{sound.format.value}"
                target = self._target(sound.folder, f"{file.stem}.{sound.format.value}")
                self._copy_audio(link, source, sound, made, target.name)
                yield self._placed(made, target)
        if profile.waveform and source.sounds:
            yield self._draw_waveform(file, link, folder)
        if profile.thumbnails and source.pictures:
            yield from self._take_stills(file, link, folder, source, source.pictures)

    def _copy_video(
        self, link: Path, source: Media, pictures: Pictures, copy: VideoCopy, made: Path, name: str
    ) -> None:
        wanted = copy.model_copy(update={"height": self._parameters.height or copy.height})
        width, height = probing.fitted(pictures, wanted.height)
        shown = f"yadif=mode=send_frame:deint=interlaced,scale={width}:{height},setsar=1,format=yuv420p"
        words = ["-map", f"0:{pictures.index}", "-map", "0:a?", "-vf", shown, "-fps_mode", "passthrough"]
        words += formats.video_words(copy.format, copy.quality, copy.sound)
        self._ffmpeg.convert(link, words, made, name)
        found = self._examine_result(made, name)
        checking.require_video(name, found, source, wanted)

    def _copy_audio(self, link: Path, source: Media, copy: AudioCopy, made: Path, name: str) -> None:
        words = ["-map", "0:a:0", "-vn", *formats.audio_words(copy.format, copy.sound)]
        self._ffmpeg.convert(link, words, made, name)
        found = self._examine_result(made, name)
        checking.require_audio(name, found, source, copy)
        if copy.format in formats.LOSSLESS and self._digest(link) != self._digest(made):
            raise JobFailedError(texts.SAMPLES_DIFFER(name=name))

    def _digest(self, path: Path) -> str:
        return self._ffmpeg.digest_of_sound(path)

    def _examine_result(self, made: Path, name: str) -> Media:
        try:
            return self._ffmpeg.examine(made, name)
        except JobFailedError as error:
            raise JobFailedError(texts.RESULT_DAMAGED(name=name, said=told(error))) from error

    def _draw_waveform(self, file: Path, link: Path, folder: Path) -> Path:
        wanted = self._profile.waveform
        if wanted is None:
            raise AssertionError("a waveform is drawn without being wanted")
        size = f"{wanted.width}x{wanted.height}"
        shown = f"[0:a:0]aformat=channel_layouts=mono,showwavespic=s={size}:colors={wanted.colour}"
        target, made = self._target(wanted.folder, f"{file.stem}.png"), folder / "waveform.png"
        words = ["-filter_complex", shown, "-frames:v", "1", "-c:v", "png", "-f", "image2"]
        self._ffmpeg.convert(link, words, made, target.name)
        self._require_still(made, (wanted.width, wanted.height))
        return self._placed(made, target)

    def _take_stills(
        self, file: Path, link: Path, folder: Path, source: Media, pictures: Pictures
    ) -> Iterator[Path]:
        wanted = self._profile.thumbnails
        if wanted is None:
            raise AssertionError("stills are taken without being wanted")
        scale = min(1.0, wanted.longest_side / max(pictures.width, pictures.height))
        size = max(1, round(pictures.width * scale)), max(1, round(pictures.height * scale))
        words = ["-map", f"0:{pictures.index}", "-vf", f"scale={size[0]}:{size[1]},setsar=1"]
        words += ["-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p", "-f", "image2"]
        for number, moment in enumerate(probing.moments(source.duration, wanted.number), 1):
            target = self._target(wanted.folder, f"{file.stem}_{number:04d}.jpg")
            made = folder / f"still-{number}.jpg"
            self._ffmpeg.still(link, moment, words, made, target.name)
            self._require_still(made, size)
            yield self._placed(made, target)

    def _require_still(self, made: Path, size: tuple[int, int]) -> None:
        self._pool.call(require_still, made, size, time_limit=self._limit)

    def _placed(self, made: Path, target: Path) -> Path:
        target.parent.mkdir(parents=True, exist_ok=True)
        made.replace(target)
        self._context.finished(target)
        return target


def _facts(source: Media) -> dict[str, JsonValue]:
    known: dict[str, JsonValue] = {"format": source.format, "duration": f"{source.duration:.2f} s"}
    if source.pictures:
        shown = source.pictures
        known |= {
            "codec": shown.codec,
            "size": f"{shown.width} x {shown.height}",
            "frames": shown.frames,
        }
    if source.sounds:
        first = source.sounds[0]
        known |= {"sound": f"{first.codec}, {first.channels} channel(s), {first.rate} Hz"}
    return known
