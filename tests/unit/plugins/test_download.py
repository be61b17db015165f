"""Downloads without a server: where requests may go, what answers mean, which files belong to a book."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from taskmanager.errors import JobFailedError
from taskmanager.process.public_addresses import is_public
from taskmanager_plugin_runner.plugins.download import DownloadPlugin, naming
from taskmanager_plugin_runner.plugins.download.parameters import DownloadParameters
from taskmanager_plugin_runner.plugins.download.profile import Profile
from taskmanager_plugin_runner.plugins.download.sources import iiif, internet_archive
from taskmanager_plugin_runner.plugins.download.transfer import addresses, answers, store
from taskmanager_plugin_runner.plugins.download.transfer.answers import Part, Sense

ARCHIVE = "https://archive.org"
HERE = Part(100, '"tag"')
NOW = "Sat, 28 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2a00:1450:4001:80b::200e", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.1.2.3", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::808:808", True),
        ("2002:7f00:1::", False),
        ("ff02::1", False),
        ("no address", False),
    ],
)
def test_only_addresses_of_the_internet_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://archive.org/x", True),
        ("https://IA600.us.archive.org:443/x", True),
        ("https://archive.org./x", True),
        ("https://notarchive.org/x", False),
        ("https://archive.org.example.org/x", False),
        ("https://archive.org@example.org/x", False),
        ("https://user:secret@archive.org/x", False),
        ("ftp://archive.org/x", False),
        ("https:///x", False),
        ("https://archive.org:port/x", False),
        ("//archive.org/x", False),
        ("", False),
    ],
)
def test_requests_go_to_the_hosts_of_the_template_alone(url: str, allowed: bool) -> None:
    hosts = ("archive.org", "*.archive.org")
    if allowed:
        assert addresses.require_allowed(url, hosts).endswith("archive.org")
    else:
        with pytest.raises(JobFailedError):
            addresses.require_allowed(url, hosts)


def test_no_answer_leads_from_https_to_http() -> None:
    assert addresses.redirected("https://a.org/b/c", "../d") == "https://a.org/d"
    assert addresses.redirected("http://a.org/b", "https://c.org/") == "https://c.org/"
    with pytest.raises(JobFailedError, match="leads from https to http"):
        addresses.redirected("https://a.org/b", "http://a.org/b")


@pytest.mark.parametrize(
    ("status", "headers", "part", "sense"),
    [
        (200, {}, Part(), Sense.FROM_THE_START),
        (200, {}, HERE, Sense.FROM_THE_START),
        (206, {"content-range": "bytes 100-199/200"}, HERE, Sense.THE_REST),
        (206, {"content-range": "bytes 0-199/200"}, HERE, Sense.START_AGAIN),
        (206, {}, HERE, Sense.START_AGAIN),
        (206, {"content-range": "bytes 0-9/10"}, Part(), Sense.START_AGAIN),
        (416, {"content-range": "bytes */100"}, HERE, Sense.COMPLETE),
        (416, {"content-range": "bytes */90"}, HERE, Sense.START_AGAIN),
        (302, {}, HERE, Sense.ELSEWHERE),
        (304, {}, HERE, Sense.NEVER),
        (429, {}, HERE, Sense.LATER),
        (503, {}, HERE, Sense.LATER),
        (404, {}, HERE, Sense.NEVER),
        (403, {}, HERE, Sense.NEVER),
        (204, {}, HERE, Sense.NEVER),
    ],
)
def test_an_answer_is_understood_by_what_is_there_already(
    status: int, headers: Mapping[str, str], part: Part, sense: Sense
) -> None:
    assert answers.sense_of(status, headers, part) is sense


def test_the_rest_is_asked_for_only_with_a_strong_validator() -> None:
    assert answers.range_headers(HERE) == {"Range": "bytes=100-", "If-Range": '"tag"'}
    assert answers.range_headers(Part(100)) == answers.range_headers(Part(0, '"tag"')) == {}
    assert answers.validator_of({"etag": 'W/"weak"', "last-modified": "then"}) == "then"
    assert answers.validator_of({"etag": '"strong"', "last-modified": "then"}) == '"strong"'
    assert answers.validator_of({}) == ""


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("Sat, 28 Nov 2026 12:00:30 GMT", 30.0),
        ("Sat, 28 Nov 2026 12:00:30 -0000", 30.0),
        ("Sat, 28 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_a_server_asks_to_wait_in_seconds_or_until_a_date(text: str, seconds: float | None) -> None:
    assert answers.asked_wait({"retry-after": text, "date": NOW}) == seconds


def test_a_date_without_that_of_the_answer_says_nothing() -> None:
    assert answers.asked_wait({"retry-after": NOW}) is None


def test_own_waits_double_up_to_the_longest() -> None:
    assert [answers.own_wait(number, 1, 10) for number in (1, 2, 3, 4, 5, 500)] == [1, 2, 4, 8, 10, 10]


@pytest.mark.parametrize(
    ("item", "identifier"),
    [
        ("zoologia00book", "zoologia00book"),
        ("https://archive.org/details/zoologia00book", "zoologia00book"),
        ("http://www.archive.org/download/zoologia00book/x.zip", "zoologia00book"),
        ("https://archive.org/search?q=x", None),
        ("https://example.org/details/zoologia00book", None),
        ("../etc", None),
        ("https://archive.org/details/..%2F..", None),
    ],
)
def test_items_of_the_archive_are_known_by_identifier_and_address(item: str, identifier: str | None) -> None:
    assert internet_archive.identifier_of(item, ARCHIVE) == identifier


def archived(*files: Mapping[str, Any]) -> list[str]:
    profile = Profile(title="x", hosts=("archive.org",))
    found = internet_archive.read({"files": list(files)}, "book", profile)
    return [page.url.removeprefix(f"{ARCHIVE}/download/book/") for page in found.pages]


def test_the_best_format_is_taken_and_only_checksums_that_can_be_some() -> None:
    jpeg = {"name": "b_jpg.zip", "format": "Single Page Processed JPEG ZIP"}
    jp2 = {"name": "b #1_jp2.zip", "format": "Single Page Processed JP2 ZIP", "md5": "short", "size": "1e3"}
    assert archived(jpeg, jp2) == ["b%20%231_jp2.zip"]
    found = internet_archive.read({"files": [jp2]}, "b", Profile(title="x", hosts=("archive.org",)))
    assert (found.pages[0].digest, found.pages[0].bytes, found.pages[0].container) == (None, None, True)


def test_derived_pictures_are_no_pages() -> None:
    own = [{"name": f"p{number}.tif", "format": "TIFF", "source": "original"} for number in (10, 9)]
    derived = {"name": "p1_thumb.jpg", "format": "JPEG Thumb", "source": "derivative"}
    assert archived(*own, derived) == ["p9.tif", "p10.tif"]


def read_iiif(document: Mapping[str, Any], image: iiif.Image = "service") -> list[str]:
    found = iiif.read(document, "https://a.org/m", image)
    assert isinstance(found, tuple)
    return [page.url for page in found]


def manifest_2(resource: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    canvas = {"label": "fol. 1r", "images": [{"resource": resource}]}
    return {"@type": "sc:Manifest", "sequences": [{"canvases": [canvas]}], **more}


@pytest.mark.parametrize(
    ("service", "address"),
    [
        (
            {"@id": "https://a.org/i/1", "profile": "http://iiif.io/api/image/2/level2.json"},
            "https://a.org/i/1/full/full/0/default.jpg",
        ),
        (
            [{"@id": "https://a.org/i/1/", "@context": "http://iiif.io/api/image/2/context.json"}],
            "https://a.org/i/1/full/full/0/default.jpg",
        ),
        (
            {
                "@id": "https://a.org/i/1",
                "profile": ["http://library.stanford.edu/iiif/image-api/1.1/#level1"],
            },
            "https://a.org/i/1/full/full/0/native.jpg",
        ),
        ({"@id": "https://a.org/auth", "profile": "http://iiif.io/api/auth/1/login"}, "https://a.org/1.jpg"),
        (None, "https://a.org/1.jpg"),
    ],
)
def test_a_page_of_version_2_is_asked_for_at_full_size(service: object, address: str) -> None:
    document = manifest_2({"@id": "https://a.org/1.jpg", "service": service})
    assert read_iiif(document) == [address]
    assert read_iiif(document, "resource") == ["https://a.org/1.jpg"]


def test_of_alternatives_the_preferred_one_is_taken() -> None:
    choice = {
        "type": "Choice",
        "items": [{"type": "Image", "id": "https://a.org/a"}, {"type": "Image", "id": "b"}],
    }
    canvas = {"items": [{"items": [{"body": choice}]}]}
    assert read_iiif({"type": "Manifest", "items": [canvas]}) == ["https://a.org/a"]
    part = {"type": "SpecificResource", "source": {"type": "Image", "id": "https://a.org/whole"}}
    assert read_iiif({"type": "Manifest", "items": [{"items": [{"items": [{"body": part}]}]}]}) == [
        "https://a.org/whole"
    ]
    old = {"@type": "oa:Choice", "default": {"@id": "https://a.org/a"}, "item": [{"@id": "b"}]}
    assert read_iiif(manifest_2(old)) == ["https://a.org/a"]


def test_a_page_without_an_image_is_named() -> None:
    document = manifest_2({})
    with pytest.raises(JobFailedError, match=r"page 1 \(fol\. 1r\) of https://a\.org/m has no image"):
        read_iiif(document)
    with pytest.raises(JobFailedError, match="no pages"):
        read_iiif({"type": "Manifest", "items": []})


def test_members_of_a_collection_are_found_in_both_versions() -> None:
    old = {"@type": "sc:Collection", "manifests": [{"@type": "sc:Manifest", "@id": "https://a.org/1"}]}
    new = {"type": "Collection", "items": [{"type": "Manifest", "id": "https://a.org/1"}]}
    assert (
        iiif.read(old, "x", "service")
        == iiif.read(new, "x", "service")
        == iiif.Collection(("https://a.org/1",))
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*"ab", "items", "type"]), inner)
    ),
    max_leaves=12,
)


@given(document=JSON | st.fixed_dictionaries({"type": st.just("Manifest"), "items": JSON, "sequences": JSON}))
def test_whatever_a_server_says_is_pages_or_a_clear_refusal(document: object) -> None:
    profile = Profile(title="x", hosts=("archive.org",))
    with contextlib.suppress(JobFailedError):
        iiif.read(document, "https://a.org/m", "service")
    with contextlib.suppress(JobFailedError):
        internet_archive.read(document, "book", profile)


def test_pages_are_ordered_by_their_numbers_folder_by_folder() -> None:
    names = ["b/p10.jp2", "b/p9.jp2", "a/p11.jp2"]
    assert sorted(names, key=naming.page_order) == ["a/p11.jp2", "b/p9.jp2", "b/p10.jp2"]


@pytest.mark.parametrize(
    ("name", "given", "volume"),
    [
        ("a/b.jp2", "b.jp2", 0),
        ("..\\..\\b.jp2", "b.jp2", 0),
        (".hidden.jp2", "0003_hidden.jp2", 3),
        ("..", "file", 0),
    ],
)
def test_own_names_lead_nowhere(name: str, given: str, volume: int) -> None:
    assert naming.plain(name, volume) == given


def test_no_two_files_get_one_name() -> None:
    names = naming.Names()
    names.give(Path("a"))
    with pytest.raises(JobFailedError, match="two files would be called a"):
        names.give(Path("a"))


def test_a_title_is_one_folder() -> None:
    assert [naming.folder_name(title) for title in ("a/../b", "..", "", ".x")] == [
        "a_.._b",
        "pages",
        "pages",
        "x",
    ]


def test_what_nobody_came_back_for_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(store.WORKSPACE_VARIABLE, str(tmp_path))
    old, new = store.folder_of("old", tmp_path), store.folder_of("new", tmp_path)
    (old / "a.part").write_bytes(b"x")
    now = new.stat().st_mtime
    os.utime(old, (now, now - store.KEPT_SECONDS + 1))
    assert store.forget_old(new) == []
    os.utime(old, (now, now - store.KEPT_SECONDS - 1))
    assert store.forget_old(new) == ["old"]
    assert new.is_dir()
    assert not old.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"hosts": []},
        {"hosts": ["https://a.org"]},
        {"hosts": ["*"]},
        {"folder": "../x"},
        {"folder": "/x"},
        {"folder": "{process_id}"},
        {"requests_per_second": 0},
        {"archive": "https://archive.org/"},
        {"unknown": 1},
    ],
)
def test_a_wrong_template_is_refused(wrong: Mapping[str, object]) -> None:
    with pytest.raises(ValidationError):
        Profile.model_validate({"title": "x", "hosts": ["archive.org"], **wrong})


def test_items_are_taken_as_a_list_or_one_word() -> None:
    for given_items in ("a, b", ["a", "b"], "a b"):
        assert DownloadParameters.model_validate({"item": given_items}).item == ("a", "b")


def test_the_plugin_offers_its_templates_and_titles_in_german() -> None:
    manifest = DownloadPlugin().manifest
    assert (manifest.job_type, manifest.templates) == ("JDOWNLOAD", ("archive", "jdownload"))
    assert manifest.choose_template("jdownload.xml") == "jdownload"
    assert all("de" in one.translations for one in manifest.texts.values())
