"""JPEG 2000 files made by OpenJPEG's own programs, broken on purpose, and judged by the plugin as a whole."""

import random
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.images.noise import noise

from taskmanager.errors import JobFailedError, PermanentError
from taskmanager.plugin_api import tools
from taskmanager_plugin_runner.plugins.jp2 import Jp2Plugin
from taskmanager_plugin_runner.plugins.jp2validation import Jp2ValidationPlugin, example
from taskmanager_plugin_runner.plugins.jp2validation.profile import Profile
from taskmanager_plugin_runner.system.memory import PICTURE_MEMORY
from taskmanager_testing.plugins import CancelledInTestError, LocalContext, run_plugin

Draw = Callable[..., Path]
Make = Callable[..., Path]
JPYLYZER = "{http://openpreservation.org/ns/jpylyzer/v2/}"


@pytest.fixture
def make(draw: Draw, source: Path) -> Make:
    """Draw a page and compress it with opj_compress."""

    def made(name: str, *options: str, mode: str = "RGB", size: tuple[int, int] = (310, 430)) -> Path:
        page = draw("page.png", mode, size)
        tools.run(["opj_compress", "-i", page, "-o", source / name, *options])
        page.unlink()
        return source / name

    return made


def validate(source: Path, output: Path, template: str = "jp2", **parameters: str) -> LocalContext:
    """One job, whose reports are in `output/validation/source`."""
    return run_plugin(Jp2ValidationPlugin(), source, output, template=template, parameters=dict(parameters))


def refused(source: Path, output: Path, template: str = "jp2") -> str:
    """The error of a job that must fail."""
    with pytest.raises(JobFailedError) as caught:
        validate(source, output, template)
    return str(caught.value)


def verdicts(output: Path) -> Mapping[str, tuple[str, str]]:
    """Verdict and first fault by the name of the file, as the summary has them."""
    root = ET.parse(output / "validation" / "source.xml").getroot()  # noqa: S314 - made by the job
    return {one.attrib["name"]: (one.attrib["verdict"], one.findtext("fault") or "") for one in root}


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("-r", "40,20,10", "-I"),
        ("-r", "8,4,2,1", "-t", "128,128", "-SOP", "-EPH", "-M", "32"),
        ("-M", "1"),
        ("-M", "4"),
        ("-M", "63"),
        ("-n", "1", "-b", "16,16"),
        ("-p", "CPRL", "-c", "[64,64],[32,32]", "-PLT"),
    ],
)
def test_sound_files_of_every_coding_are_valid(
    make: Make, source: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    make("1.jp2", *options)
    context = validate(source, tmp_path / "out")
    assert verdicts(tmp_path / "out") == {"1.jp2": ("valid", "")}
    assert not [text for level, text in context.log.lines if level != "info"]


def test_the_report_is_jpylyzers_with_the_result_of_decoding(
    make: Make, source: Path, tmp_path: Path
) -> None:
    make("1.jp2")
    validate(source, tmp_path / "out", template="jp2validate")
    path = tmp_path / "out" / "validation" / "source" / "1.xml"
    file = ET.parse(path).getroot().find(f"{JPYLYZER}file")  # noqa: S314 - made by the job
    assert file is not None
    assert file.findtext(f"{JPYLYZER}isValid") == "True"
    decoding = file.find(f"{JPYLYZER}propertiesExtension/{JPYLYZER}decoding")
    assert decoding is not None
    assert (decoding.attrib, list(decoding)) == ({"complete": "True"}, [])
    assert file.findtext(f"{JPYLYZER}fileInfo/{JPYLYZER}filePath") == "1.jp2"
    assert str(tmp_path) not in path.read_text()


@pytest.mark.parametrize("profile", Jp2Plugin().manifest.templates)
def test_what_the_plugin_jp2_makes_is_valid(draw: Draw, source: Path, tmp_path: Path, profile: str) -> None:
    draw("1.tif", dpi=(300, 300))
    draw("2.tif", "L", dpi=(300, 300))
    made = tmp_path / "source"
    run_plugin(Jp2Plugin(), source, tmp_path / "made" / "source", template=profile)
    reversible = profile in {"lossless", "archive"}
    validate(tmp_path / "made" / "source", tmp_path / "out", "lossless" if reversible else "jp2")
    assert {verdict for verdict, _ in verdicts(tmp_path / "out").values()} == {"valid"}
    assert made == source


def test_a_lossy_file_is_no_lossless_master(make: Make, source: Path, tmp_path: Path) -> None:
    make("1.jp2", "-I", "-r", "10")
    assert "profile: the transformation is 9-7 irreversible, not 5-3 reversible" in refused(
        source, tmp_path / "out", "lossless"
    )


def body_of(data: bytes) -> range:
    """Where the coded data lie."""
    return range(data.index(b"\xff\x93") + 200, len(data) - 2)


@pytest.fixture
def scan(source: Path) -> Make:
    """A page with the noise of a scanner, compressed with opj_compress."""

    def made(name: str, *options: str) -> Path:
        page = source / "page.png"
        noise((700, 900), 24).save(page)
        tools.run(["opj_compress", "-i", page, "-o", source / name, *options])
        page.unlink()
        return source / name

    return made


@pytest.mark.parametrize(
    ("options", "least"),
    [
        ((), 11),
        (("-r", "8,4,2,1", "-t", "256,256", "-SOP", "-EPH", "-M", "32"), 11),
        (("-I", "-r", "40,20,10"), 7),  # 9 with OpenJPEG 2.5.0; other versions place the bits otherwise
    ],
)
def test_a_single_changed_bit_is_noticed_nearly_always(
    scan: Make, source: Path, tmp_path: Path, options: tuple[str, ...], least: int
) -> None:
    """Neither jpylyzer nor a decoder would say so. Twelve places, the same in every run."""
    data, chance = scan("1.jp2", *options).read_bytes(), random.Random(5)  # noqa: S311 - no secret
    (source / "1.jp2").unlink()
    for number in range(12):
        at = chance.choice(body_of(data))
        changed = data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
        (source / f"{number}.jp2").write_bytes(changed)
    validate(source, tmp_path / "out", invalid="report")
    found = verdicts(tmp_path / "out")
    assert sum(verdict == "invalid" for verdict, _ in found.values()) >= least, found


def test_changed_bits_may_be_noted_only(
    scan: Make, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bytearray(scan("1.jp2").read_bytes())
    data[len(data) // 2] ^= 64
    (source / "1.jp2").write_bytes(data)
    own(tmp_path, monkeypatch, 'title = "Lenient"\nchanged_bits = "note"')
    context = validate(source, tmp_path / "out", "ours")
    assert verdicts(tmp_path / "out")["1.jp2"][0] == "valid"
    assert [text for level, text in context.log.lines if level == "warning"] == [
        "1.jp2: 1 code-block(s) end elsewhere than their data: bits were changed"
    ]


def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A profile `ours`."""
    folder = tmp_path / "templates" / "jp2validation"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ours.toml").write_text(text)
    monkeypatch.setenv("TASKMANAGER_TEMPLATES", str(folder.parent))


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def without_end(data: bytes) -> bytes:
    return data[:-2]


def huge(data: bytes) -> bytes:
    """A width of two thousand million pixels in the codestream."""
    at = data.index(b"\xff\x51") + 6
    return data[:at] + b"\x7f\xff\xff\xff" + data[at + 4 :]


def header_bit(data: bytes) -> bytes:
    """Another height in the header box than in the codestream."""
    at = data.index(b"ihdr") + 7
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda _: b"", r"2\.jp2 \(it is empty"),
        (lambda _: b"no picture at all" * 9, "whatever its name says"),
        (lambda _: b"\xff\xd8\xff\xe0" + bytes(50), "it is jpeg, not JPEG 2000"),
        (cut, "foundEOCMarker|foundNextTilePartOrEOC"),
        (without_end, "foundEOCMarker|foundNextTilePartOrEOC"),
        (huge, "its header gives 2,147,483,647 x 430 pixels, which need"),
        (header_bit, "heightConsistentWithSIZ"),
    ],
)
def test_a_broken_page_is_named_with_the_reason_and_so_are_all_others(
    make: Make, source: Path, tmp_path: Path, spoil: Callable[[bytes], bytes], said: str
) -> None:
    data = make("1.jp2").read_bytes()
    (source / "3.jp2").write_bytes(data)
    for name in ("2.jp2", "4.jp2"):
        (source / name).write_bytes(spoil(data))
    error = refused(source, tmp_path / "out")
    assert error.startswith("2 of 4 file(s)")
    assert "2.jp2 (" in error
    assert "4.jp2 (" in error
    assert "3.jp2" not in error
    assert re.search(said, error), error


def test_the_real_samples_get_the_verdicts_of_their_index(
    samples: Path, source: Path, tmp_path: Path
) -> None:
    lines = (samples / "jp2" / "INDEX.tsv").read_text().splitlines()[1:]
    known = {line.split("\t")[0]: line.split("\t")[1] for line in lines}
    too_large = "bitwiser-codestreamheader-corrupted-xsiz-10918.jp2"
    for name in known.keys() - {too_large}:
        (source / name).symlink_to(samples / "jp2" / name)
    validate(source, tmp_path / "out", invalid="report")
    found = {name: verdict for name, (verdict, _) in verdicts(tmp_path / "out").items()}
    assert found == {name: verdict for name, verdict in known.items() if name != too_large}
    (source / too_large).symlink_to(samples / "jp2" / too_large)
    assert f"could not be examined: {too_large} (its header gives 2,147,483,664 x 16 pixels" in refused(
        source, tmp_path / "again"
    )


def test_a_profile_made_from_an_example_demands_what_the_example_is_like(
    make: Make,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    good = make("1.jp2", "-t", "128,128", "-SOP", "-n", "4", "-b", "32,32")
    example.main([str(good)])
    text = capsys.readouterr().out
    assert Profile.model_validate(tomllib.loads(text)).title == "Like 1.jp2"
    own(tmp_path, monkeypatch, text)
    make("2.jp2", "-t", "128,128", "-SOP", "-n", "4", "-b", "32,32", mode="L", size=(500, 600))
    validate(source, tmp_path / "out", "ours")
    make("3.jp2", "-n", "4", "-b", "64,32")
    error = refused(source, tmp_path / "again", "ours")
    assert "profile: codeBlockWidth is 64, not 32" in error
    assert "profile: sop is no, not yes" in error
    assert "profile: its tiles are 310 x 430, not 128 x 128" in error
    assert "1.jp2 (" not in error


def test_a_broken_example_makes_no_profile(
    make: Make, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.jp2"
    bad.write_bytes(cut(make("1.jp2").read_bytes()))
    for path in (bad, tmp_path / "missing.jp2"):
        with pytest.raises(SystemExit) as caught:
            example.main([str(path)])
        said = capsys.readouterr()
        assert (caught.value.code, said.out) == (1, "")
        assert path.name in said.err


@pytest.mark.parametrize("rules", ["<no-schema/>", "nonsense <", "<a>"])
def test_rules_that_are_no_schematron_are_refused_when_the_plugin_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rules: str
) -> None:
    own(tmp_path, monkeypatch, f"title = 'Ours'\nrules = '{rules}'")
    with pytest.raises(PermanentError, match="profile ours: the rules are no Schematron schema"):
        Jp2ValidationPlugin()


def test_a_format_that_the_profile_does_not_allow_is_named(make: Make, source: Path, tmp_path: Path) -> None:
    make("1.j2k")
    assert "1.j2k (it is j2c; the profile allows jp2, jph)" in refused(source, tmp_path / "out")


def test_a_cancel_between_two_pages_ends_the_job(make: Make, source: Path, tmp_path: Path) -> None:
    data = make("0.jp2").read_bytes()
    for number in range(1, 6):
        (source / f"{number}.jp2").write_bytes(data)
    with pytest.raises(CancelledInTestError):
        run_plugin(Jp2ValidationPlugin(), source, tmp_path / "out", cancel_at=4)
    assert not (tmp_path / "out" / "validation" / "source.xml").exists()


def test_a_picture_that_needs_more_memory_than_the_slot_has_is_no_verdict(
    make: Make, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("1.jp2", size=(3000, 2000))
    make("2.jp2")
    monkeypatch.setenv(PICTURE_MEMORY, "300")
    error = refused(source, tmp_path / "out")
    assert error.startswith(
        "1 of 2 file(s) could not be examined: 1.jp2 (its header gives 3,000 x 2,000 pixels"
    )
