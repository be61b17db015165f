"""What people write into a job leads no program of a template out of its folder."""

import pytest

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.shell.placeholders import PlaceholderValue, fill

WORKSPACE = "/workspace/r/job-1"
NAMES = ("title", "project", "process_title", "parameters.word")
ELEMENTS = (
    "{destination}/{%s}.pdf",
    "{destination}/sub/{%s}",
    "--out={%s}.pdf",
    "{%s}",
    "{%s}.pdf",
    "png:{%s}",
    ".{%s}",
    "{output}.{%s}",
)
HOSTILE = ("../../etc/cron.d/job", "..", "a/../../b", "/etc/passwd", "x/..")


def values(**words: str) -> dict[str, PlaceholderValue]:
    paths = {"destination": PlaceholderValue(f"{WORKSPACE}/output", path=True)}
    own = {"output": PlaceholderValue(f"{WORKSPACE}/scratch/1/out/a.tif", foreign=False)}
    return {**paths, **own, **{name: PlaceholderValue(word) for name, word in words.items()}}


@pytest.mark.parametrize("magick", [True, False])
@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("name", NAMES)
def test_a_value_that_holds_a_path_is_refused(name: str, element: str, text: str, magick: bool) -> None:
    with pytest.raises(JobFailedError, match=r"another folder|interpret"):
        fill([element % name], values(**{name: text}), magick=magick)


@pytest.mark.parametrize(
    ("element", "words"),
    [
        ("{title}{project}x", {"title": ".", "project": "./"}),
        (".{title}", {"title": "./x"}),
        ("{destination}/{title}{project}", {"title": ".", "project": "."}),
        ("--out={title}{project}", {"title": ".", "project": "./x"}),
    ],
)
def test_values_that_make_a_way_out_only_together_are_refused(element: str, words: dict[str, str]) -> None:
    with pytest.raises(JobFailedError, match="another folder"):
        fill([element], values(**words), magick=False)


@pytest.mark.parametrize("text", ["Band 1/2", "Der Mann ... und so", "u.s.w..", "A. B. C.", "50/50", "a..b"])
def test_titles_as_people_write_them_are_text(text: str) -> None:
    assert fill(["-comment", "{title}"], values(title=text), magick=False) == ["-comment", text]


def test_a_slash_in_a_part_of_a_path_would_make_a_folder_and_is_refused() -> None:
    with pytest.raises(JobFailedError, match="another folder"):
        fill(["{destination}/{title}.pdf"], values(title="Band 1/2"), magick=False)


def test_what_the_author_of_a_template_wrote_may_be_a_path() -> None:
    argv = ["{source}/../profiles/{parameters.profile}"]
    known = {
        "source": PlaceholderValue("/share/1", path=True),
        "parameters.profile": PlaceholderValue("sub/a.icc", foreign=False),
    }
    assert fill(argv, known, magick=False) == ["/share/1/../profiles/sub/a.icc"]
