"""Which pictures a lossless profile takes, refuses or converts."""

import pytest

from taskmanager_plugin_runner.plugins.pictures.facts import Colour, PictureFacts, SampleFormat
from taskmanager_plugin_runner.plugins.pictures.rules import jpeg_2000_bits, lossless_obstacle, refusal


def facts(colour: Colour = Colour.RGB, bits: int = 8, **more: object) -> PictureFacts:
    samples = {Colour.GREY: 1, Colour.PALETTE: 1, Colour.CMYK: 4}.get(colour, 3)
    return PictureFacts("tiff", (10, 10), colour, samples, bits, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("colour", [Colour.GREY, Colour.RGB, Colour.PALETTE])
@pytest.mark.parametrize("bits", [1, 2, 4, 8, 10, 12, 14, 16])
def test_grey_and_rgb_up_to_16_bits_are_taken(colour: Colour, bits: int) -> None:
    assert refusal(facts(colour, bits), convert=False) is None


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (facts(bits=24), "24 bits"),
        (facts(bits=32), "32 bits"),
        (facts(bits=16, sample_format=SampleFormat.SIGNED), "signed"),
        (facts(bits=32, sample_format=SampleFormat.FLOAT), "floating point"),
        (facts(Colour.CMYK), "CMYK"),
        (facts(Colour.LAB), "Lab"),
        (facts(Colour.YCBCR, compression="lzw"), "YCbCr"),
        (facts(unspecified=1), "neither colour nor alpha"),
    ],
)
def test_what_would_lose_is_refused_with_the_reason_and_taken_when_it_may_be_converted(
    picture: PictureFacts, said: str
) -> None:
    refused = refusal(picture, convert=False)
    assert refused is not None
    assert said in refused
    assert "`convert`" in refused
    assert refusal(picture, convert=True) is None
    assert lossless_obstacle(picture) is not None


def test_ycbcr_of_a_jpeg_is_rgb_once_it_is_decoded() -> None:
    assert lossless_obstacle(facts(Colour.YCBCR, compression="jpeg")) is None


@pytest.mark.parametrize(
    ("bits", "kept"), [(1, 8), (4, 8), (8, 8), (10, 10), (12, 12), (14, 14), (16, 16), (24, 16), (32, 16)]
)
def test_a_result_has_the_depth_of_its_source_from_8_to_16(bits: int, kept: int) -> None:
    assert jpeg_2000_bits(facts(bits=bits)) == kept
