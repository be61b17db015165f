"""JP2 profiles: numbers that are checked, and the words opj_compress gets."""

import pytest
from pydantic import ValidationError

from taskmanager_plugin_runner.plugins.jp2.profile import Profile


def profile(**keys: object) -> Profile:
    return Profile.model_validate({"title": "x", "lossless": True, **keys})


def test_numbers_become_options() -> None:
    made = profile(
        lossless=False,
        rates=[40, 20, 10.5],
        tile=[1024, 512],
        precincts=[[256, 256], [128, 128]],
        sop=True,
        mode=32,
    )
    assert made.arguments(5000, 7000, 1) == [
        *("-p", "RPCL", "-n", "6", "-b", "64,64", "-I", "-r", "40,20,10.5", "-t", "1024,512"),
        *("-c", "[256,256],[128,128]", "-M", "32", "-SOP"),
    ]


def test_more_processors_than_files_go_into_the_one_file() -> None:
    assert profile().arguments(100, 100, 4)[-2:] == ["-threads", "4"]


def test_a_picture_of_few_pixels_keeps_all_that_its_coding_gives() -> None:
    profile = Profile(title="Access", lossless=False, rates=(40, 10))
    assert "40,10" in profile.arguments(128, 128, 1)
    little = profile.arguments(127, 128, 1)
    assert little[little.index("-r") + 1] == "1"


@pytest.mark.parametrize(("side", "resolutions"), [(1, 1), (2, 2), (15, 4), (16, 5), (32, 6), (5000, 6)])
def test_a_small_image_gets_no_more_resolutions_than_it_can_have(side: int, resolutions: int) -> None:
    assert profile().resolutions_for(side, 9999) == resolutions


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"rates": [10, 20, 1]}, "rates must decrease"),
        ({"rates": [10]}, "rates must end with 1"),
        ({"lossless": False}, "ratio above 1"),
        ({"lossless": False, "rates": [10, 1]}, "ratio above 1"),
        ({"code_block": [128, 64]}, "4096"),
        ({"tile": [1000, 1000]}, "Input should be"),
        ({"progression": "XXXX"}, "progression"),
    ],
)
def test_a_profile_that_contradicts_itself_is_refused(keys: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        profile(**keys)
