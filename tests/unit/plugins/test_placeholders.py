"""No value of a job can become an option, another argument or a command, whatever it holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.shell.placeholders import PlaceholderValue, fill, names_in

ANYTHING = st.text(max_size=60)
NASTY = st.sampled_from(
    [
        "-rf",
        "--help",
        "$(id)",
        "`id`",
        "; id",
        "a b",
        "{output}",
        "{{",
        "}",
        "%d",
        "@/etc/passwd",
        "msl:x",
        "a\nb",
        "\\",
    ]
)
VALUES = st.one_of(ANYTHING, NASTY)
ELEMENTS = st.lists(
    st.sampled_from(
        ["-q", "{title}", "x{title}y", "{title}{project}", "--t={title}", "plain", "{{{title}}}", "-{title}"]
    ),
    min_size=1,
    max_size=6,
)


@given(elements=ELEMENTS, title=VALUES, project=VALUES)
def test_every_element_stays_one_argument_and_holds_its_values_literally(
    elements: list[str], title: str, project: str
) -> None:
    values = {"title": PlaceholderValue(title), "project": PlaceholderValue(project)}
    try:
        filled = fill(elements, values, magick=False)
    except JobFailedError:
        return
    assert filled == [element.format(title=title, project=project) for element in elements]


@given(elements=ELEMENTS, title=VALUES, project=VALUES, magick=st.booleans())
def test_nothing_becomes_an_option_that_was_none_in_the_template(
    elements: list[str], title: str, project: str, magick: bool
) -> None:
    values = {"title": PlaceholderValue(title), "project": PlaceholderValue(project)}
    try:
        filled = fill(elements, values, magick=magick)
    except JobFailedError:
        return
    for element, argument in zip(elements, filled, strict=True):
        assert element.startswith("-") or not argument.startswith("-")
        assert "\0" not in argument


@given(title=VALUES)
def test_imagemagick_never_sees_a_character_it_would_interpret(title: str) -> None:
    try:
        filled = fill(["-set", "comment", "{title}"], {"title": PlaceholderValue(title)}, magick=True)
    except JobFailedError:
        return
    assert not set('%@:[]{}*?\\\n/<>|`$"') & set(filled[2])


def test_a_value_is_not_looked_through_again() -> None:
    values = {"title": PlaceholderValue("{output}"), "output": PlaceholderValue("/secret")}
    assert fill(["{title}"], values, magick=False) == ["{output}"]


@pytest.mark.parametrize("element", ["{number}", "{empty}{number}"])
def test_only_a_number_that_may_be_negative_begins_with_a_minus(element: str) -> None:
    values = {"number": PlaceholderValue("-5", signed=True), "empty": PlaceholderValue("")}
    if element == "{number}":
        assert fill([element], values, magick=True) == ["-5"]
    else:
        with pytest.raises(JobFailedError, match="would become the option"):
            fill([element], values, magick=True)


def test_a_refusal_names_the_placeholder() -> None:
    with pytest.raises(JobFailedError, match=r"\{title\} is '-rf'"):
        fill(["{title}"], {"title": PlaceholderValue("-rf")}, magick=False)


@pytest.mark.parametrize("element", ["{", "a}b", "{Name}", "{a b}", "{}"])
def test_a_brace_that_means_nothing_is_refused(element: str) -> None:
    with pytest.raises(ValueError, match="write it twice"):
        names_in(element)


def test_a_path_of_the_job_may_hold_slashes_but_nothing_imagemagick_reads() -> None:
    assert fill(["{source}"], {"source": PlaceholderValue("/data/12/a b", path=True)}, magick=True) == [
        "/data/12/a b"
    ]
    with pytest.raises(JobFailedError, match="would interpret"):
        fill(["{source}"], {"source": PlaceholderValue("/data/12/a[1]", path=True)}, magick=True)
