"""Checksums without programs: lists as they are written and read, and what has become of files."""

import string
from collections.abc import Collection
from datetime import date
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.checksums import ChecksumsPlugin, bags, manifests
from taskmanager_plugin_runner.plugins.checksums.comparison import Digests, Fate, compare
from taskmanager_plugin_runner.plugins.checksums.manifests import Algorithm
from taskmanager_plugin_runner.plugins.checksums.names import prefix
from taskmanager_plugin_runner.plugins.checksums.profile import Profile, Task

ONE, OTHER = "0" * 32, "f" * 32
NAMES = st.text(alphabet=st.sampled_from([*string.ascii_letters, *" \\%ü*-\n\r"]), min_size=1).map(
    lambda name: f"x{name}"
)


@given(st.dictionaries(NAMES, st.just(ONE), min_size=1, max_size=5))
def test_what_is_written_is_read_whatever_the_names_contain(digests: dict[str, str]) -> None:
    assert manifests.read(manifests.written(digests), Algorithm.MD5, "list") == digests


@pytest.mark.parametrize(
    "line",
    [
        f"{ONE}  0001.tif",
        f"{ONE} *0001.tif",
        f"{ONE}\t0001.tif",
        f"{ONE}  ./0001.tif\r",
        f"MD5 (0001.tif) = {ONE}",
        f"# made by somebody\n\n{ONE}  0001.tif",
        f"\ufeff{ONE}  0001.tif",
    ],
)
def test_lists_of_all_common_kinds_are_read(line: str) -> None:
    assert manifests.read(line, Algorithm.MD5, "list") == {"0001.tif": ONE}


def test_checksums_in_capitals_are_the_same() -> None:
    assert manifests.read(f"{OTHER.upper()}  1", Algorithm.MD5, "list") == {"1": OTHER}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{ONE}  1\nnonsense", "line 2 of list is no checksum"),
        (f"{ONE[1:]}  1", "line 1 of list is no checksum"),
        (f"{ONE}  1\n{OTHER}  1", "line 2 of list gives another checksum for 1"),
        ("# nothing\n", "list names no file"),
    ],
)
def test_what_is_no_list_is_refused_with_the_line(text: str, said: str) -> None:
    with pytest.raises(JobFailedError, match=said):
        manifests.read(text, Algorithm.MD5, "list")


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [
        ("checksums/17.sha512", Algorithm.SHA512),
        ("images/master/checksums.md5", Algorithm.MD5),
        ("manifest-sha256.txt", Algorithm.SHA256),
        ("MD5SUMS", Algorithm.MD5),
        ("0001.tif", None),
        ("sha512.tif", None),
        ("notes.txt", None),
    ],
)
def test_lists_are_known_by_their_names(name: str, algorithm: Algorithm | None) -> None:
    assert manifests.algorithm_of(name) == algorithm


def test_names_in_a_list_are_relative_to_its_folder_or_to_that_above_checksums() -> None:
    assert manifests.base_of("images/master/x.md5") == PurePosixPath("images/master")
    assert manifests.base_of("checksums/17.sha512") == PurePosixPath()
    assert manifests.base_of("MD5SUMS") == PurePosixPath()


@pytest.mark.parametrize(
    ("source", "destination", "expected"),
    [
        ("/m/17/images/master", "/m/17", "images/master/"),
        ("/m/17/images/master", "/m/17/checksums", "images/master/"),
        ("/m/17", "/m/17", ""),
        ("/m/17", "/m/17/checksums", ""),
        ("/m/17", "/elsewhere", ""),
        ("/m/170", "/m/17", ""),
    ],
)
def test_names_are_written_as_seen_from_the_folder_of_the_process(
    source: str, destination: str, expected: str
) -> None:
    assert prefix(source, destination) == expected


def fates(listed: dict[str, str], there: dict[str, str]) -> dict[str, Fate]:
    def digests_of(name: str, algorithms: Collection[Algorithm]) -> Digests:
        return dict.fromkeys(algorithms, there[name])

    wanted = {name: {Algorithm.MD5: digest} for name, digest in listed.items()}
    return {one.name: one.fate for one in compare(wanted, list(there), digests_of)}


def test_every_file_has_one_fate() -> None:
    found = fates({"1": ONE, "2": ONE, "3": ONE}, {"1": ONE, "2": OTHER, "4": ONE})
    assert found == {"1": Fate.SOUND, "2": Fate.CHANGED, "3": Fate.MISSING, "4": Fate.NEW}


def test_a_name_that_another_system_decomposed_is_the_same_name() -> None:
    assert fates({"B\u00fccher.tif": ONE}, {"Bu\u0308cher.tif": ONE}) == {"Bu\u0308cher.tif": Fate.SOUND}


def test_a_name_that_leads_elsewhere_is_only_missing() -> None:
    assert fates({"../../etc/passwd": ONE}, {}) == {"../../etc/passwd": Fate.MISSING}


@given(st.dictionaries(st.sampled_from("abcd"), st.sampled_from([ONE, OTHER])), st.data())
def test_nothing_is_forgotten_or_made_up(listed: dict[str, str], data: st.DataObject) -> None:
    there = data.draw(st.dictionaries(st.sampled_from("abcd"), st.sampled_from([ONE, OTHER])))
    found = fates(listed, there)
    assert found.keys() == listed.keys() | there.keys()
    for name, fate in found.items():
        assert (fate is Fate.SOUND) == (listed.get(name) == there.get(name))


def test_the_information_of_a_bag_counts_bytes_and_files_and_keeps_to_one_line() -> None:
    text = bags.information(
        {"Contact-Name": "A\nB"}, "book", "it 1", {"data/1": 3, "data/2": 4}, date(2026, 1, 2)
    )
    assert text.splitlines() == [
        "Contact-Name: A B",
        "Bagging-Date: 2026-01-02",
        "Bag-Software-Agent: it 1",
        "Payload-Oxum: 7.2",
        "External-Identifier: book",
    ]


@pytest.mark.parametrize("name", ["a%b", "a\nb", "a\\b", "a\udce4b"])
def test_names_that_programs_write_differently_in_a_bag_are_refused(name: str) -> None:
    with pytest.raises(JobFailedError, match="programs disagree"):
        bags.require_plain(name)


def test_templates_are_checked_and_say_what_they_read() -> None:
    manifest = ChecksumsPlugin().manifest
    assert set(manifest.templates) == {"list", "bag", "verify", "verify-bag"}
    assert "checksums/*" in manifest.parts_for("verify.xml")
    assert manifest.parts_for(None) == manifest.parts_for("list")
    for wrong in ({"task": "list", "bag_info": {"A": "b"}}, {"task": "bag", "allow_new": True}):
        with pytest.raises(ValidationError):
            Profile.model_validate({"title": "x", **wrong})
    assert Profile(title="x", task=Task.BAG, bag_info={"Source-Organization": "Library"})


def test_a_template_of_the_operator_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "checksums").mkdir()
    (tmp_path / "checksums" / "md5.toml").write_text(
        'title = "MD5"\ntask = "list"\nalgorithm = "md5"\ntakes = ["images/master_*/*"]', encoding="utf-8"
    )
    monkeypatch.setenv("TASKMANAGER_TEMPLATES", str(tmp_path))
    assert ChecksumsPlugin().manifest.parts_for("md5") == ("images/master_*/*",)
