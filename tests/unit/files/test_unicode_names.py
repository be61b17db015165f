"""A path is found in whatever Unicode form its names were written, and never guessed."""

from pathlib import Path

import pytest

from taskmanager.errors import PathRefusedError
from taskmanager.files.roots import PathMapping, Roots

COMPOSED = "B\N{LATIN SMALL LETTER U WITH DIAERESIS}cher"
DECOMPOSED = "Bu\N{COMBINING DIAERESIS}cher"
TWICE = "\N{LATIN SMALL LETTER U WITH DIAERESIS AND MACRON}"
HALF = "\N{LATIN SMALL LETTER U WITH DIAERESIS}\N{COMBINING MACRON}"
APART = "u\N{COMBINING DIAERESIS}\N{COMBINING MACRON}"


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    return Roots.of([tmp_path])


@pytest.mark.parametrize(("there", "given"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)])
def test_a_name_in_the_other_form_is_found_and_said(
    roots: Roots, tmp_path: Path, there: str, given: str
) -> None:
    (tmp_path / there / there).mkdir(parents=True)
    path = f"{tmp_path}/{given}/{given}"
    assert roots.resolve(path) == tmp_path / there / there
    assert roots.resolve(f"{path}/new/{given}") == tmp_path / there / there / "new" / given
    assert ascii(there)[1:-1] in str(roots.note(path))


def test_a_name_that_exists_as_it_is_written_is_that_one(roots: Roots, tmp_path: Path) -> None:
    for name in (COMPOSED, DECOMPOSED):
        (tmp_path / name).mkdir()
    for name in (COMPOSED, DECOMPOSED):
        assert roots.resolve(f"{tmp_path}/{name}") == tmp_path / name
        assert roots.note(f"{tmp_path}/{name}") is None


def test_several_that_fit_are_refused_with_their_names(roots: Roots, tmp_path: Path) -> None:
    for name in (TWICE, APART):
        (tmp_path / name).mkdir()
    with pytest.raises(PathRefusedError, match=r"several names differ .* 'u\\u0308\\u0304', '\\u01d6'"):
        roots.resolve(f"{tmp_path}/{HALF}")


def test_a_link_in_the_other_form_is_followed_inside_the_roots_only(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside").mkdir()
    (root / DECOMPOSED).symlink_to(tmp_path / "outside")
    with pytest.raises(PathRefusedError, match="leads outside"):
        Roots.of([root]).resolve(f"{root}/{COMPOSED}/1")


def test_what_exists_in_no_form_stays_as_it_is(roots: Roots, tmp_path: Path) -> None:
    path = f"{tmp_path}/{COMPOSED}/1"
    assert str(roots.resolve(path)) == path
    assert roots.note(path) is None


def test_a_mapping_knows_its_folder_in_both_forms() -> None:
    mapping = PathMapping.of({f"/Volumes/{COMPOSED}": "/mnt/books"})
    assert mapping.apply(f"/Volumes/{DECOMPOSED}/1") == "/mnt/books/1"
    assert mapping.apply(f"/Volumes/{DECOMPOSED}") == "/mnt/books"
