"""Audio and video with the real ffmpeg: every frame arrives, damage is noticed, nothing else is read."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from pydantic import JsonValue

from taskmanager.errors import JobFailedError
from taskmanager.plugin_api import tools
from taskmanager_plugin_runner.plugins.media import MediaPlugin
from taskmanager_testing.plugins import CancelledInTestError, LocalContext, run_plugin

TITLE = "title_of_a_process"
FILM = "testsrc=size=160x120:rate=10:duration=1"
TONE = "sine=frequency=440:duration=1:sample_rate=44100"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "master_film_media"
    folder.mkdir()
    return folder


def draw(path: Path, *words: str, film: str | None = FILM, sounds: int = 1) -> Path:
    """A film or a recording of a second."""
    drawn = ([film] if film else []) + [TONE] * sounds
    inputs = [word for one in drawn for word in ("-f", "lavfi", "-i", one)]
    maps = [word for number in range(len(drawn)) for word in ("-map", str(number))]
    command: list[str | Path] = ["ffmpeg", "-v", "error", "-nostdin", *inputs, *maps, *words, "-y", path]
    tools.run(command)
    return path


def lossless_film(path: Path) -> Path:
    return draw(path, "-c:v", "ffv1", "-c:a", "pcm_s16le")


def job(source: Path, output: Path, template: str | None = None, **parameters: JsonValue) -> LocalContext:
    return run_plugin(MediaPlugin(), source, output, template=template, parameters=parameters)


def said_of(path: Path, entries: str) -> list[str]:
    words = ["ffprobe", "-v", "error", "-count_frames", "-show_entries", entries, "-of", "csv=p=0", str(path)]
    return tools.run(words).stdout.split()


def test_a_film_becomes_an_access_copy_with_every_frame_a_waveform_and_stills(
    source: Path, tmp_path: Path
) -> None:
    lossless_film(source / "1.mkv")
    context = job(source, tmp_path / "out")
    copy = tmp_path / "out" / "images" / f"{TITLE}_media" / "1.mp4"
    assert said_of(copy, "stream=codec_name,nb_read_frames")[0] == "h264,10"
    with Image.open(tmp_path / "out" / "thumbs" / f"{TITLE}_waveform" / "1.png") as waveform:
        assert waveform.size == (1800, 280)
        assert waveform.convert("RGBA").getchannel("A").getextrema() == (0, 255)
    stills = sorted((tmp_path / "out" / "thumbs" / f"{TITLE}_stills").iterdir())
    assert [path.name for path in stills] == [f"1_000{number}.jpg" for number in range(1, 6)]
    assert len({path.read_bytes() for path in stills}) == 5, "each is of another moment"
    record = context.records[0]
    assert (record.facts["frames"], record.facts["size"]) == (10, "160 x 120")
    assert len(record.results) == 7
    assert not record.warnings


def test_a_recording_becomes_a_copy_of_sound_and_a_waveform(source: Path, tmp_path: Path) -> None:
    draw(source / "1.wav", film=None)
    job(source, tmp_path / "out")
    copy = tmp_path / "out" / "images" / f"{TITLE}_media" / "1.mp3"
    assert said_of(copy, "stream=codec_name")[0] == "mp3"
    assert (tmp_path / "out" / "thumbs" / f"{TITLE}_waveform" / "1.png").is_file()


def test_webm_and_opus_for_the_web(source: Path, tmp_path: Path) -> None:
    draw(source / "1.mov", "-c:v", "mjpeg", "-c:a", "pcm_s16le", sounds=2)
    draw(source / "2.flac", film=None)
    job(source, tmp_path / "out", "web", height=60)
    codecs = said_of(tmp_path / "out" / "1.webm", "stream=codec_name,width,height")
    assert codecs == ["vp9,80,60", "opus", "opus"]
    assert said_of(tmp_path / "out" / "2.opus", "stream=codec_name") == ["opus"]


@pytest.mark.parametrize("sound", ["pcm_s24le", "pcm_u8"])
def test_flac_has_every_sample(source: Path, tmp_path: Path, sound: str) -> None:
    draw(source / "1.wav", "-c:a", sound, film=None)
    job(source, tmp_path / "out", "flac")
    assert (tmp_path / "out" / "1.flac").is_file()


def test_samples_that_flac_cannot_hold_are_an_error(source: Path, tmp_path: Path) -> None:
    draw(source / "1.wav", "-af", "volume=0.333:precision=float", "-c:a", "pcm_f32le", film=None)
    with pytest.raises(JobFailedError, match=r"^1\.wav: the result 1\.flac does not have the samples"):
        job(source, tmp_path / "out", "flac")


def test_pixels_that_are_not_square_are_made_so(source: Path, tmp_path: Path) -> None:
    draw(source / "1.mkv", "-vf", "setsar=2", "-c:v", "ffv1", "-c:a", "pcm_s16le")
    job(source, tmp_path / "out", "web")
    assert said_of(tmp_path / "out" / "1.webm", "stream=width,height")[0] == "320,120"


def cut(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for at in range(len(data) // 2, len(data) // 2 + 400):
        data[at] ^= 0x55
    path.write_bytes(data)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def playlist(path: Path) -> None:
    """What would have ffmpeg read another file."""
    path.write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{path.parents[1] / '1.mp4'}\n#EXT-X-ENDLIST\n"
    )


def text(path: Path) -> None:
    path.write_text("this is no film\n" * 100, encoding="utf-8")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound MP4."""
    words = ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-movflags", "+faststart"]
    return draw(tmp_path_factory.mktemp("film") / "1.mp4", *words)


@pytest.mark.parametrize("spoil", [cut, flip, empty, playlist, text])
def test_a_broken_file_ends_the_job_and_is_named(
    source: Path, tmp_path: Path, film: Path, spoil: Callable[[Path], None]
) -> None:
    shutil.copy(film, source.parent / "1.mp4")
    spoilt = Path(shutil.copy(film, source / "2.mp4"))
    spoil(spoilt)
    with pytest.raises(JobFailedError, match=r"^2\.mp4: ") as failed:
        job(source, tmp_path / "out", "web", height=60)
    assert "/tmp" not in str(failed.value)


def test_names_that_mean_something_to_programs_are_only_names(source: Path, tmp_path: Path) -> None:
    draw(source / "1.wav", film=None)
    (source / "1.wav").rename(source / "-i http:%d 'x'.wav")
    job(source, tmp_path / "out", "flac")
    assert (tmp_path / "out" / "-i http:%d 'x'.flac").is_file()


def test_a_template_that_makes_nothing_of_a_file_says_so(source: Path, tmp_path: Path) -> None:
    lossless_film(source / "1.mkv")
    with pytest.raises(JobFailedError, match=r"^1\.mkv: the template makes nothing of moving pictures"):
        job(source, tmp_path / "out", "flac")


def test_a_cancelled_job_begins_no_further_recording(source: Path, tmp_path: Path) -> None:
    for number in range(3):
        draw(source / f"{number}.wav", film=None)
    with pytest.raises(CancelledInTestError):
        run_plugin(MediaPlugin(), source, tmp_path / "out", template="flac", cancel_at=2)
