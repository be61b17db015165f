"""Audio and video without programs: what ffprobe's answer means, and what a copy must be."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.media import MediaPlugin, checking, probing
from taskmanager_plugin_runner.plugins.media.formats import GUARDED, AudioFormat
from taskmanager_plugin_runner.plugins.media.probing import Media, Pictures, Sound
from taskmanager_plugin_runner.plugins.media.profile import AudioCopy, Profile, VideoCopy

FILM: dict[str, Any] = {
    "index": 0,
    "codec_type": "video",
    "codec_name": "ffv1",
    "width": 720,
    "height": 576,
    "nb_read_frames": "50",
}
SOUND: dict[str, Any] = {
    "index": 1,
    "codec_type": "audio",
    "codec_name": "pcm_s16le",
    "channels": 2,
    "sample_rate": "48000",
}


def answer(*streams: dict[str, Any], **whole: Any) -> str:
    return json.dumps({"streams": streams, "format": {"format_name": "matroska", "duration": "2.0"} | whole})


def test_the_streams_of_a_film_are_found() -> None:
    found = probing.read(answer(FILM, SOUND, {"codec_type": "subtitle"}), "1.mkv")
    assert found.pictures == Pictures(0, "ffv1", 720, 576, 50)
    assert found.sounds == (Sound(1, "pcm_s16le", 2, 48000, 0),)
    assert found.others == {"subtitle": 1}
    assert found.duration == 2


@pytest.mark.parametrize(
    ("more", "size"),
    [
        ({"sample_aspect_ratio": "16:15"}, (768, 576)),
        ({"sample_aspect_ratio": "0:1"}, (720, 576)),
        ({"sample_aspect_ratio": "N/A"}, (720, 576)),
        ({"side_data_list": [{"rotation": -90}]}, (576, 720)),
        ({"side_data_list": [{"rotation": 180}]}, (720, 576)),
    ],
)
def test_pictures_are_measured_as_they_are_shown(more: dict[str, Any], size: tuple[int, int]) -> None:
    pictures = probing.read(answer(FILM | more), "1.mkv").pictures
    assert pictures is not None
    assert (pictures.width, pictures.height) == size


def test_a_cover_is_no_moving_picture() -> None:
    found = probing.read(answer(SOUND, FILM | {"disposition": {"attached_pic": 1}}), "1.mp3")
    assert found.pictures is None
    assert found.others == {"video": 1}


def test_a_raw_stream_may_give_the_duration_itself() -> None:
    assert probing.read(answer(SOUND | {"duration": "3.5"}, duration="N/A"), "1.aac").duration == 3.5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "says nothing useful about 1"),
        ("{}", "says nothing useful about 1"),
        (answer(), "neither moving pictures nor sound"),
        (answer({"codec_type": "subtitle"}), "neither moving pictures nor sound"),
        (answer(SOUND, duration="N/A"), "how long it lasts"),
    ],
)
def test_an_answer_without_use_is_an_error(text: str, said: str) -> None:
    with pytest.raises(JobFailedError, match=said):
        probing.read(text, "1")


@given(st.integers(2, 8000), st.integers(2, 8000), st.integers(16, 2160))
def test_a_copy_is_even_not_enlarged_and_of_the_same_shape(width: int, height: int, most: int) -> None:
    found = probing.fitted(Pictures(0, "x", width, height, 1), most)
    assert found[0] % 2 == found[1] % 2 == 0
    assert found[1] <= max(2, min(most, height))
    assert abs(found[0] - width * min(most, height) / height) <= 2


def test_moments_divide_a_film_evenly() -> None:
    assert probing.moments(10, 5) == [1, 3, 5, 7, 9]


SOURCE = Media("matroska", 10, Pictures(0, "ffv1", 720, 576, 250), (Sound(1, "pcm_s16le", 2, 48000, 9),))
COPY = Media("mp4", 10.1, Pictures(0, "h264", 720, 576, 250), (Sound(1, "aac", 2, 48000, 9),))


def test_a_copy_with_everything_is_accepted() -> None:
    checking.require_video("1.mp4", COPY, SOURCE, VideoCopy())


@pytest.mark.parametrize(
    ("found", "what"),
    [
        (Media("mp4", 10, Pictures(0, "h264", 720, 576, 249), COPY.sounds), "frames is 249 instead of 250"),
        (Media("mp4", 10, Pictures(0, "h264", 720, 574, 250), COPY.sounds), "size"),
        (Media("mp4", 10, Pictures(0, "vp9", 720, 576, 250), COPY.sounds), "codec"),
        (Media("mp4", 10, COPY.pictures, ()), "sounds"),
        (Media("mp4", 9, COPY.pictures, COPY.sounds), "duration is 9.00 s instead of 10.00 s"),
        (Media("mp4", 10, None, COPY.sounds), "pictures"),
    ],
)
def test_a_copy_that_lacks_something_is_refused(found: Media, what: str) -> None:
    with pytest.raises(JobFailedError, match=what):
        checking.require_video("1.mp4", found, SOURCE, VideoCopy())


def test_a_copy_of_sound_has_one_stream_and_the_length_of_its_source() -> None:
    source = Media("wav", 10, None, (Sound(0, "pcm_s16le", 2, 48000, 9),))
    copy = AudioCopy(format=AudioFormat.OPUS)
    good = Media("ogg", 10, None, (Sound(0, "opus", 2, 48000, 9),))
    checking.require_audio("1.opus", good, source, copy)
    for found in (
        Media("ogg", 10, None, (Sound(0, "mp3", 2, 48000, 9),)),
        Media("ogg", 8, None, good.sounds),
    ):
        with pytest.raises(JobFailedError, match=r"1\.opus is not as it should be"):
            checking.require_audio("1.opus", found, source, copy)


def test_no_playlist_and_no_address_is_among_what_may_be_opened() -> None:
    formats, protocols = GUARDED[1].split(","), GUARDED[3].split(",")
    assert not {"hls", "concat", "dash", "ffmetadata", "image2"} & set(formats)
    assert set(protocols) == {"file", "pipe"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": "makes nothing"},
        {"title": "twice", "video": [{}, {"height": 480}]},
        {"title": "rate", "audio": [{"sound": "loud"}]},
        {"title": "pattern", "audio": [{}], "accepted_messages": ["("]},
    ],
)
def test_a_wrong_template_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Profile.model_validate(wrong)


def test_the_shipped_templates_are_offered() -> None:
    assert set(MediaPlugin().manifest.templates) == {"access", "web", "flac"}
