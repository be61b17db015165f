"""Addresses of processes and steps in Goobi: what may stand in the settings, and what becomes of it."""

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from taskmanager.goobi.links import ProcessLink, StepLink, filled
from taskmanager.model.jobs import GoobiReference

PROCESS, STEP = TypeAdapter(ProcessLink), TypeAdapter(StepLink)
AT = "https://goobi.example.org/goobi"


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("javascript:alert({process_id})", "must begin with http:// or https:// and a host"),
        ("//goobi.example.org/{process_id}", "must begin with http:// or https:// and a host"),
        ("https:///{process_id}", "must begin with http:// or https:// and a host"),
        (f"{AT}/{{id}}", "{id} is not known as it is written"),
        (f"{AT}/{{process_id!r}}", "{process_id} is not known as it is written"),
        (f"{AT}/{{process_id:>9}}", "{process_id} is not known as it is written"),
        (f"{AT}/{{process_id.real}}", "{process_id.real} is not known as it is written"),
        (f"{AT}/{{}}", "{} is not known as it is written"),
        (f"{AT}/{{process_id", "the braces do not match"),
        ("https://{process_title}/x", "the host must be written out"),
        ("https://me:word@goobi.example.org/{process_id}", "must hold no name and no password"),
        (f"{AT}/a b", "visible characters and no blanks"),
        (f"{AT}/\n", "visible characters and no blanks"),
        (f"{AT}/{'x' * 2_000}", "visible characters and no blanks"),
    ],
)
def test_what_is_no_address_is_refused_with_its_reason(template: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=None) as caught:
        STEP.validate_python(template)
    assert reason in str(caught.value)


def test_the_address_of_a_process_names_no_step() -> None:
    with pytest.raises(ValidationError, match="use step_page"):
        PROCESS.validate_python(f"{AT}/{{step_id}}")
    assert STEP.validate_python(f"{AT}/{{step_id}}") == f"{AT}/{{step_id}}"


def test_values_are_put_in_where_they_are_named() -> None:
    one = GoobiReference(process_id=17, step_id=42, process_title="Maße & mehr/2")
    assert filled(f"{AT}/{{process_id}}?step={{step_id}}", one) == f"{AT}/17?step=42"
    assert filled(f"{AT}/{{process_title}}", one) == f"{AT}/Ma%C3%9Fe%20%26%20mehr%2F2"
    assert filled(f"{AT}/all", one) == f"{AT}/all"
    assert filled(f"{AT}/{{{{x}}}}/{{process_id}}", one) == f"{AT}/{{x}}/17"


def test_there_is_no_address_without_a_template_or_a_value_it_names() -> None:
    one = GoobiReference(process_id=17)
    assert filled(None, one) is None
    assert filled(f"{AT}/{{step_id}}", one) is None
    assert filled(f"{AT}/{{process_title}}", one) is None
    assert filled(f"{AT}/{{process_title}}/x", one.model_copy(update={"process_title": ".."})) is None


@given(st.text(min_size=1, max_size=60).filter(lambda text: text not in {".", ".."}))
def test_no_title_leaves_its_place_in_the_address(title: str) -> None:
    one = GoobiReference(process_id=1, process_title=title)
    made = filled("https://goobi.example.org/{process_title}/edit?of={process_title}", one)
    assert made is not None
    address = urlsplit(made)
    assert address.netloc == "goobi.example.org"
    assert unquote(address.path) == f"/{title}/edit"
    assert unquote(address.query) == f"of={title}"
    assert address.fragment == ""
