"""TIFFs made by Pillow and by the tests' own writer, broken on purpose, judged by the plugin as a whole."""

import os
import re
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image, ImageSequence
from tests.images.corpus.collect import drawn
from tests.images.tiff import LONG, SHORT, Directory, assemble, offsets_of
from tests.images.truth import Shape

from taskmanager.errors import JobFailedError
from taskmanager.model.jobs import FileState, JobSpec
from taskmanager_plugin_runner.plugins.tiffvalidation import TiffValidationPlugin
from taskmanager_plugin_runner.system.memory import PICTURE_MEMORY
from taskmanager_testing.plugins import CancelledInTestError, LocalContext, run_plugin

Draw = Callable[..., Path]
JHOVE = "{http://hul.harvard.edu/ois/xml/ns/jhove}"
TAGS = {256: (SHORT, [2]), 257: (SHORT, [2]), 258: (SHORT, [8]), 262: (SHORT, [1]), 277: (SHORT, [1])}
PAGE = Directory(TAGS, [b"abcd"])


def validate(source: Path, output: Path, template: str = "tiff", **parameters: str) -> LocalContext:
    """One job, whose reports are in `output/validation/source`."""
    return run_plugin(TiffValidationPlugin(), source, output, template=template, parameters=dict(parameters))


def refused(source: Path, output: Path, template: str = "tiff") -> str:
    """The error of a job that must fail."""
    with pytest.raises(JobFailedError) as caught:
        validate(source, output, template)
    return str(caught.value)


def failed(source: Path, output: Path) -> tuple[str, LocalContext]:
    """The same, with what the job has recorded."""
    output.mkdir()
    scratch = output.with_name("scratch")
    scratch.mkdir()
    spec = JobSpec(plugin="tiffvalidation", source=str(source), destination=str(output))
    context = LocalContext(spec, "tiff", source, output, scratch)
    with pytest.raises(JobFailedError) as caught:
        TiffValidationPlugin().run(context)
    return str(caught.value), context


def verdicts(output: Path) -> Mapping[str, tuple[str, str]]:
    """Verdict and first fault by the name of the file, as the summary has them."""
    root = ET.parse(output / "validation" / "source.xml").getroot()  # noqa: S314 - made by the job
    return {one.attrib["name"]: (one.attrib["verdict"], one.findtext("fault") or "") for one in root}


@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("1", {"compression": "group4"}),
        ("1", {"compression": "group3"}),
        ("L", {}),
        ("L", {"compression": "packbits"}),
        ("I;16", {"compression": "tiff_adobe_deflate"}),
        ("RGB", {"compression": "tiff_lzw"}),
        ("RGB", {"compression": "jpeg"}),
        ("RGB", {"big_tiff": True}),
        ("RGBA", {}),
        ("CMYK", {}),
        ("P", {}),
        ("LAB", {}),
    ],
)
def test_sound_files_of_every_kind_are_valid(
    draw: Draw, source: Path, tmp_path: Path, mode: str, options: dict[str, object]
) -> None:
    draw("1.tif", mode, **options)
    context = validate(source, tmp_path / "out")
    assert verdicts(tmp_path / "out") == {"1.tif": ("valid", "")}
    report = ET.parse(tmp_path / "out" / "validation" / "source" / "1.xml")  # noqa: S314 - made by the job
    assert report.findtext(f"{JHOVE}repInfo/{JHOVE}status") == "Well-Formed and valid"
    assert report.find(f"{JHOVE}repInfo").get("uri") == "1.tif"  # type: ignore[union-attr]
    assert not [text for level, text in context.log.lines if level != "info"]


def test_every_drawn_file_is_judged_by_what_was_drawn(source: Path, tmp_path: Path) -> None:
    """Whole ones are valid, broken ones are not: hundreds of files through one job."""
    truths = {
        case.name: case.truth.shape
        for case in drawn()
        if case.name.endswith(".tif") and case.kind != "TIFF, sizes that lie"
    }
    for case in drawn():
        if case.name in truths:
            (source / case.name).write_bytes(case.data)
    validate(source, tmp_path / "out", invalid="report")
    wanted = {Shape.WHOLE: "valid", Shape.BROKEN: "invalid"}
    found = verdicts(tmp_path / "out")
    assert set(found) == set(truths)
    wrong = {
        name: found[name]
        for name, shape in truths.items()
        if wanted.get(shape, found[name][0]) != found[name][0]
    }
    assert wrong == {}


def test_files_whose_sizes_lie_fail_the_job_each_by_name(source: Path, tmp_path: Path) -> None:
    cases = [case for case in drawn() if case.kind == "TIFF, sizes that lie"]
    for case in cases:
        (source / case.name).write_bytes(case.data)
    assert len(cases) > 20
    _, context = failed(source, tmp_path / "out")
    assert {one.name for one in context.records if one.state is FileState.FAILED} == {
        case.name for case in cases
    }


def test_the_real_samples_get_the_verdicts_of_their_index(
    samples: Path, source: Path, tmp_path: Path
) -> None:
    lines = (samples / "tiff" / "INDEX.tsv").read_text().splitlines()[1:]
    known = {line.split("\t")[0]: line.split("\t")[1] for line in lines}
    too_large = "libtiff_segfault.tif"
    for name in known.keys() - {too_large}:
        (source / name).symlink_to(samples / "tiff" / name)
    validate(source, tmp_path / "out", invalid="report")
    found = {name: verdict for name, (verdict, _) in verdicts(tmp_path / "out").items()}
    assert found == {name: verdict for name, verdict in known.items() if name != too_large}
    (source / too_large).symlink_to(samples / "tiff" / too_large)
    assert f"could not be examined: {too_large} (its header gives 65,535 x 900 pixels" in refused(
        source, tmp_path / "again"
    )


def empty(_: bytes) -> bytes:
    return b""


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def nonsense(_: bytes) -> bytes:
    return b"this is no picture, whatever its name says" * 9


def flipped(data: bytes) -> bytes:
    """One bit in the middle of the second strip."""
    at = offsets_of(data, 273)[1] + 40
    return data[:at] + bytes([data[at] ^ 16]) + data[at + 1 :]


def looped(data: bytes) -> bytes:
    """The first directory names itself as the next one."""
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    link = at + 2 + 12 * count
    return data[:link] + struct.pack("<I", at) + data[link + 4 :]


def huge(data: bytes) -> bytes:
    """A width of four thousand million pixels."""
    (at,) = struct.unpack_from("<I", data, 4)
    entry = at + 2
    assert struct.unpack_from("<H", data, entry) == (256,)
    return data[: entry + 2] + struct.pack("<HII", LONG, 1, 2**32 - 1) + data[entry + 12 :]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (empty, r"2\.tif \(it is empty\)"),
        (cut, r"2\.tif \("),
        (nonsense, "it is not a TIFF, PNG, JPEG, .* whatever its name says"),
        (flipped, "the picture is damaged"),
        (looped, "directory 2 is the one at byte .* again: the chain has no end"),
        (huge, r"its header gives 4,294,967,295 x 430 pixels, which need .* of memory"),
    ],
)
def test_a_broken_page_is_named_with_the_reason_and_so_are_all_others(
    draw: Draw, source: Path, tmp_path: Path, spoil: Callable[[bytes], bytes], said: str
) -> None:
    for number in range(1, 5):
        draw(f"{number}.tif", compression="tiff_adobe_deflate", tiffinfo={278: 40})
    for name in ("2.tif", "4.tif"):
        (source / name).write_bytes(spoil((source / name).read_bytes()))
    error = refused(source, tmp_path / "out")
    assert "2 of 4 file(s)" in error
    assert "2.tif (" in error
    assert "4.tif (" in error
    assert "1.tif" not in error
    assert re.search(said, error), error


def test_another_picture_under_the_name_of_a_tiff_is_named(draw: Draw, source: Path, tmp_path: Path) -> None:
    draw("1.jpg").rename(source / "1.tif")
    assert refused(source, tmp_path / "out") == ("1 of 1 file(s) not valid: 1.tif (it is jpeg, not TIFF)")


def test_of_a_file_with_several_pages_the_page_is_named(draw: Draw, source: Path, tmp_path: Path) -> None:
    lie = PAGE.changed({257: (LONG, [2000])})
    (source / "1.tif").write_bytes(assemble([PAGE, lie, PAGE]))
    assert "1.tif (page 2: " in refused(source, tmp_path / "out")


def test_pages_in_are_pages_out(draw: Draw, source: Path, tmp_path: Path) -> None:
    pages = [Image.new("1", (200, 300), number % 2) for number in range(7)]
    pages[0].save(source / "1.tif", save_all=True, append_images=pages[1:], compression="group4")
    draw("2.tif")
    validate(source, tmp_path / "out")
    root = ET.parse(tmp_path / "out" / "validation" / "source.xml").getroot()  # noqa: S314 - made by the job
    with Image.open(source / "1.tif") as image:
        count = len(list(ImageSequence.Iterator(image)))
    assert [one.attrib["pages"] for one in root] == [str(count), "1"] == ["7", "1"]
    assert root.attrib["pages"] == "8"


def test_reports_of_invalid_files_are_kept_if_the_job_says_so(
    draw: Draw, source: Path, tmp_path: Path
) -> None:
    draw("1.tif", dpi=(300, 300))
    draw("2.tif", dpi=(72, 72))
    context = validate(source, tmp_path / "out", "master", invalid="report")
    said = "its resolution is 72 dpi; the profile allows 300 to 1200"
    assert verdicts(tmp_path / "out") == {"1.tif": ("valid", ""), "2.tif": ("invalid", said)}
    assert [(one.name, one.state, one.warnings) for one in context.records if one.warnings] == [
        ("2.tif", FileState.DONE, (said,))
    ]
    report = ET.parse(tmp_path / "out" / "validation" / "source" / "2.xml")  # noqa: S314 - made by the job
    assert report.findtext(f".//{JHOVE}message") == said
    assert report.findtext(f".//{JHOVE}status") == "Well-Formed and valid"


def test_the_list_of_files_tells_good_from_bad(draw: Draw, source: Path, tmp_path: Path) -> None:
    for name in ("1.tif", "2.tif"):
        draw(name)
    (source / "2.tif").write_bytes(b"II*\0")
    _, context = failed(source, tmp_path / "out")
    assert {one.name: one.state for one in context.records} == {
        "1.tif": FileState.DONE,
        "2.tif": FileState.FAILED,
    }


def test_an_old_profile_with_xpath_checks_speaks_its_own_words(
    draw: Draw, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "templates" / "tiffvalidation"
    folder.mkdir(parents=True)
    (folder / "ours.toml").write_text(
        """
        title = "Ours"
        [namespaces]
        m = "http://www.loc.gov/mix/v20"
        [[checks]]
        xpath = "string(//m:bitsPerSampleValue[1])"
        wanted = "16"
        error_message = 'Colour depth of "${image}": expected "${expected}", found "${found}".'
        """
    )
    monkeypatch.setenv("TASKMANAGER_TEMPLATES", str(folder.parent))
    draw("1.tif")
    assert 'Colour depth of "1.tif": expected "16", found "8".' in refused(source, tmp_path / "out", "ours")


@pytest.mark.parametrize("parameters", [{"invalid": "perhaps"}, {"quality": "9"}])
def test_a_wrong_parameter_is_refused(
    draw: Draw, source: Path, tmp_path: Path, parameters: dict[str, str]
) -> None:
    draw("1.tif")
    with pytest.raises(JobFailedError, match=next(iter(parameters))):
        validate(source, tmp_path / "out", **parameters)


def test_a_cancel_between_two_pages_ends_the_job(draw: Draw, source: Path, tmp_path: Path) -> None:
    for number in range(6):
        draw(f"{number}.tif")
    with pytest.raises(CancelledInTestError):
        run_plugin(TiffValidationPlugin(), source, tmp_path / "out", cancel_at=4)
    assert not (tmp_path / "out" / "validation" / "source.xml").exists()


def test_progress_and_a_checkpoint_for_each_page(draw: Draw, source: Path, tmp_path: Path) -> None:
    for number in range(5):
        draw(f"{number}.tif")
    context = validate(source, tmp_path / "out")
    assert context.checkpoints >= 5
    assert context.progress_calls[-1] == (5, 5, None)
    assert sorted(path.name for path in context.waited) == [f"{number}.tif" for number in range(5)]


def test_two_files_that_would_share_a_report_are_refused(draw: Draw, source: Path, tmp_path: Path) -> None:
    draw("1.tif")
    draw("1.tiff")
    assert "would both become 1.xml" in refused(source, tmp_path / "out")


def test_files_of_other_kinds_are_left_out_with_a_warning(draw: Draw, source: Path, tmp_path: Path) -> None:
    draw("1.tif")
    draw("2.png")
    context = validate(source, tmp_path / "out")
    assert [text for level, text in context.log.lines if level == "warning"] == [
        "1 file(s) left out, which are not among .tif, .tiff: 2.png"
    ]


def test_a_picture_that_needs_more_memory_than_the_slot_has_is_no_verdict(
    draw: Draw, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw("1.tif", size=(3000, 4000))
    draw("2.tif")
    monkeypatch.setenv(PICTURE_MEMORY, "280")
    error = refused(source, tmp_path / "out")
    assert error.startswith(
        "1 of 2 file(s) could not be examined: 1.tif (its header gives 3,000 x 4,000 pixels"
    )


def test_names_that_xml_cannot_hold_have_reports_all_the_same(
    draw: Draw, source: Path, tmp_path: Path
) -> None:
    for name in (b"a<b>&\x01.tif", b"\xff\xfe.tif", b"new\nline.tif"):
        draw("1.tif").rename(source / os.fsdecode(name))
    validate(source, tmp_path / "out")
    assert {verdict for verdict, _ in verdicts(tmp_path / "out").values()} == {"valid"}
    assert len(list((tmp_path / "out" / "validation" / "source").iterdir())) == 3


def test_reports_of_pages_that_are_gone_leave_if_the_job_says_so(
    draw: Draw, source: Path, tmp_path: Path
) -> None:
    place = tmp_path / "process"
    for name in ("1.tif", "2.tif"):
        draw(name)
    run_plugin(TiffValidationPlugin(), source, tmp_path / "a", destination=place)
    (source / "2.tif").unlink()
    run_plugin(
        TiffValidationPlugin(), source, tmp_path / "b", destination=place, parameters={"existing": "replace"}
    )
    assert sorted(path.name for path in (place / "validation").rglob("*.xml")) == ["1.xml", "source.xml"]
