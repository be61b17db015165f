"""TIFF profiles: which are refused, what they have against an image, and the XPath checks of older files."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree
from pydantic import ValidationError

from taskmanager.errors import PermanentError
from taskmanager_plugin_runner.plugins.catalogue import TEMPLATES_VARIABLE
from taskmanager_plugin_runner.plugins.tiffvalidation import TiffValidationPlugin, mix, rules
from taskmanager_plugin_runner.plugins.tiffvalidation.checks import failed_checks, passes, value_of
from taskmanager_plugin_runner.plugins.tiffvalidation.mix import FileFacts, Message
from taskmanager_plugin_runner.plugins.tiffvalidation.profile import Check, Profile
from taskmanager_plugin_runner.plugins.tiffvalidation.tags import ImageTags

IMAGE = ImageTags(
    width=2480,
    height=3508,
    samples=3,
    bits=(8, 8, 8),
    compression=5,
    photometric=2,
    orientation=1,
    dots_per_inch=(300.0, 300.0),
    icc_name="Adobe RGB (1998)",
    date="2020:01:31 10:20:30",
    present=frozenset({256, 257, 262, 270}),
)
FILE = FileFacts("0001.tif", 1234, little=True, big=False, module="test")


def profile(**keys: object) -> Profile:
    return Profile.model_validate({"title": "x", **keys})


@pytest.mark.parametrize(
    ("keys", "changes", "said"),
    [
        ({"compression": ["none"]}, {}, "its compression is lzw; the profile allows none"),
        ({"compression": ["deflate"]}, {"compression": 32946}, None),
        (
            {"compression": ["deflate"]},
            {"compression": 4711},
            "its compression is 4711; the profile allows deflate",
        ),
        ({"photometric": ["black-is-zero"]}, {}, "its colour is rgb; the profile allows black-is-zero"),
        ({"bits": [8, 16]}, {}, None),
        ({"bits": [8]}, {"bits": (8, 16, 8)}, "its samples have 8, 16 bits; the profile allows 8"),
        ({"resolution": [300, 600]}, {}, None),
        ({"resolution": [300, 600]}, {"dots_per_inch": (299.9949, 300.0)}, None),
        (
            {"resolution": [300, 600]},
            {"dots_per_inch": (300.0, 72.0)},
            "its resolution is 300, 72 dpi; the profile allows 300 to 600",
        ),
        ({"resolution": [300, 600]}, {"dots_per_inch": None}, "it gives no resolution"),
        ({"icc": "required"}, {"icc_name": None}, "it has no colour profile"),
        ({"icc": "required"}, {}, None),
        (
            {"icc": "forbidden"},
            {},
            "it has the colour profile Adobe RGB (1998), and the profile of the job allows none",
        ),
        (
            {"icc_names": ["sRGB"]},
            {},
            "its colour profile is Adobe RGB (1998); the profile of the job allows sRGB",
        ),
        ({"icc_names": ["sRGB"]}, {"icc_name": None}, None),
        ({"orientation": [1]}, {"orientation": 6}, "its orientation is 6; the profile allows 1"),
        ({"forbidden_tags": [270, 34665]}, {}, "it has tag 270, which the profile forbids"),
        ({"required_tags": [256, 282]}, {}, "it lacks tag 282, which the profile requires"),
    ],
)
def test_a_profile_says_what_it_has_against_an_image(
    keys: dict[str, object], changes: dict[str, object], said: str | None
) -> None:
    image = replace(IMAGE, **changes)  # type: ignore[arg-type]
    assert list(rules.faults_of_image(profile(**keys), image)) == ([said] if said else [])


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"pages": [1, 1]}, "it has 3 page(s); the profile allows 1 to 1"),
        ({"pages": [2, 4]}, None),
        ({"byte_order": ["little"]}, "its byte order is big; the profile allows little"),
        ({"big_tiff": False}, "it is a BigTIFF"),
    ],
)
def test_a_profile_says_what_it_has_against_the_file(keys: dict[str, object], said: str | None) -> None:
    found = list(rules.faults_of_file(profile(**keys), 3, little=False, big=True))
    assert found == ([said] if said else [])


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"compression": ["zip"]}, "Input should be"),
        ({"resolution": [600, 300]}, "resolution must be the least and then the most"),
        ({"pages": [2, 1]}, "pages must be the least and then the most"),
        ({"required_tags": [270], "forbidden_tags": [270]}, "tag 270 is both required and forbidden"),
        ({"icc": "forbidden", "icc_names": ["sRGB"]}, "icc_names cannot be set"),
        ({"colour": "rgb"}, "Extra inputs are not permitted"),
    ],
)
def test_a_profile_that_contradicts_itself_is_refused(keys: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        profile(**keys)


@pytest.mark.parametrize("check", [{"xpath": "//mix:(", "wanted": ""}, {"xpath": "//a", "wanted": "("}])
def test_a_check_that_is_no_expression_is_refused_when_the_plugin_is_made(
    check: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tiffvalidation"
    folder.mkdir()
    lines = ['title = "Mine"', "[[checks]]", *(f"{name} = '{value}'" for name, value in check.items())]
    (folder / "mine.toml").write_text("\n".join(lines))
    monkeypatch.setenv(TEMPLATES_VARIABLE, str(tmp_path))
    with pytest.raises(PermanentError, match="profile mine"):
        TiffValidationPlugin()


@pytest.mark.parametrize(
    ("xpath", "value"),
    [
        ("count(//jhove:repInfo/jhove:format)", "1.0"),
        ("string(//jhove:repInfo/jhove:format)", "TIFF"),
        ("//jhove:repInfo/jhove:status", "Well-Formed and valid"),
        ("string(//mix:iccProfileName)", "Adobe RGB (1998)"),
        ("string(//mix:bitsPerSampleValue[1])", "8"),
        ("//mix:xSamplingFrequency/mix:numerator", "300"),
        ("//mix:samplingFrequencyUnit", "in."),
        ("//mix:compressionScheme", "LZW"),
        ("//mix:colorSpace", "RGB"),
        ("//mix:imageWidth/text()", "2480"),
        ("//mix:dateTimeCreated", "2020-01-31T10:20:30"),
        ("//jhove:repInfo/@uri", "0001.tif"),
        ("//mix:nothing", ""),
        ("boolean(//mix:mix)", "true"),
    ],
)
def test_the_report_answers_the_expressions_of_older_configurations(xpath: str, value: str) -> None:
    report = mix.report(FILE, mix.VALID, [IMAGE], datetime(2026, 1, 1, tzinfo=UTC))
    assert value_of(etree.XPath(xpath, namespaces=profile().namespaces)(report)) == value


@pytest.mark.parametrize(
    ("wanted", "found", "passed"),
    [
        ("1.0", "1.0", True),
        ("TIFF", "TIFF 6", False),
        ("TIFF.*", "TIFF 6", True),
        ("Adobe RGB (1998)", "Adobe RGB (1998)", True),
        ("100.0-899.23", "300", True),
        ("100.0-899.23", "899.24", False),
        ("100-200", "", False),
        ("", "", True),
    ],
)
def test_a_value_may_be_equal_match_or_lie_in_a_range(wanted: str, found: str, passed: bool) -> None:
    assert passes(Check(xpath="x", wanted=wanted), found) is passed


def test_a_failed_check_speaks_with_the_words_of_its_profile() -> None:
    said = 'Check "${image}": Expected "${expected}" (${wanted}), found "${found}". Costs $5 ${other}'
    check = {"xpath": "//mix:colorSpace", "wanted": "BlackIsZero", "error_message": said}
    report = mix.report(FILE, mix.VALID, [IMAGE], datetime(2026, 1, 1, tzinfo=UTC))
    assert list(failed_checks(profile(checks=[check]), report, "0001.tif")) == [
        'Check "0001.tif": Expected "BlackIsZero" (BlackIsZero), found "RGB". Costs $5 ${other}'
    ]
    del check["error_message"]
    assert list(failed_checks(profile(checks=[check]), report, "0001.tif")) == [
        "//mix:colorSpace is RGB instead of BlackIsZero"
    ]


def test_messages_stand_behind_the_status_and_hold_only_what_xml_can() -> None:
    report = mix.report(FILE, mix.NOT_VALID, [], datetime(2026, 1, 1, tzinfo=UTC))
    mix.add_messages(report, [Message("error", "bad \x00 name \udcff"), Message("warning", "odd")])
    again = etree.fromstring(mix.written(report))
    names = [etree.QName(one).localname for one in again[1]]
    assert names[names.index("status") + 1] == "messages"
    messages = again.findall(f".//{{{mix.JHOVE}}}message")
    assert [(one.get("severity"), one.text) for one in messages] == [
        ("error", "bad \\x00 name \\xdcff"),
        ("warning", "odd"),
    ]


def test_the_names_of_older_calls_are_templates() -> None:
    manifest = TiffValidationPlugin().manifest
    assert manifest.job_type == "TIFVALIDATION"
    assert manifest.choose_template("tiff.template") == "tiff.template"
    assert manifest.choose_template("tiff.xml") == "tiff"
    assert manifest.choose_template("none") == "tiff"
