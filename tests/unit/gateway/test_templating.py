"""Templates are compiled once in a process, whatever the language."""

from typing import Any

import pytest
from jinja2 import Environment

from taskmanager_gateway.web.shell import templating
from taskmanager_gateway.web.shell.languages import LANGUAGES
from taskmanager_gateway.web.shell.templating import TEMPLATES, CompiledOnce, Templates


def test_what_one_language_has_compiled_the_others_and_later_applications_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled: list[str] = []
    compile_one = Environment.compile

    def counted(self: Environment, source: Any, name: str | None = None, *rest: Any, **more: Any) -> Any:
        compiled.append(str(name))
        return compile_one(self, source, name, *rest, **more)

    monkeypatch.setattr(templating, "_COMPILED", CompiledOnce())
    monkeypatch.setattr(Environment, "compile", counted)
    name = min(file.relative_to(TEMPLATES).as_posix() for file in TEMPLATES.rglob("*.html"))
    for templates in (Templates({}), Templates({})):
        for language in LANGUAGES:
            templates._environments[language].get_template(name)

    assert compiled == [name]


def test_no_line_of_a_template_is_longer_than_a_reader_s_window() -> None:
    lines = {
        f"{path.relative_to(TEMPLATES)}:{number}": len(line)
        for path in TEMPLATES.rglob("*.html")
        for number, line in enumerate(path.read_text().splitlines(), start=1)
    }
    assert len(lines) > 1_000
    assert [place for place, length in lines.items() if length > 160] == []
