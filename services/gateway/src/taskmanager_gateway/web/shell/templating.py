"""Templates: Jinja2 with escaping everywhere, one environment for each language."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from taskmanager_gateway.web.shell.languages import LANGUAGES, translations

TEMPLATES = Path(__file__).parents[1] / "templates"


class Templates:
    """Renders templates; a name no one gave is an error, not an empty place."""

    def __init__(self, shared: Mapping[str, Any]) -> None:
        """`shared` is known to every template."""
        self._environments = {language: _environment(language, shared) for language in LANGUAGES}

    def render(self, name: str, language: str, context: Mapping[str, Any]) -> str:
        """The template as text."""
        return self._environments[language].get_template(name).render(context)


def _environment(language: str, shared: Mapping[str, Any]) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]  # by the extension
    environment.globals.update(shared)
    return environment
