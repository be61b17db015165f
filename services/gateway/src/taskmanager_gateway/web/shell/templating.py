"""Templates: Jinja2 with escaping everywhere, one environment for each language."""

from collections.abc import Mapping
from pathlib import Path
from types import CodeType
from typing import Any

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket

from taskmanager_gateway.web.shell.bidi import isolated
from taskmanager_gateway.web.shell.languages import LANGUAGES, translations

TEMPLATES = Path(__file__).parents[1] / "templates"


class CompiledOnce(BytecodeCache):
    """Shares compiled templates between languages: texts are only looked up when a template is rendered."""

    def __init__(self) -> None:
        """Empty at first; in the end it holds all templates of this process."""
        self._compiled: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load the code compiled from exactly this source, if there is any."""
        bucket.code = self._compiled.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the compiled code."""
        if bucket.code is not None:
            self._compiled[bucket.key, bucket.checksum] = bucket.code


_COMPILED = CompiledOnce()
"""One for the process: it depends only on the template files of this package."""


class Templates:
    """Renders templates; an undefined name is an error instead of empty text."""

    def __init__(self, shared: Mapping[str, Any]) -> None:
        """`shared` is available in every template."""
        self._environments = {language: _environment(language, shared) for language in LANGUAGES}

    def render(self, name: str, language: str, context: Mapping[str, Any]) -> str:
        """The rendered template."""
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
        bytecode_cache=_COMPILED,
    )
    environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]  # added by the extension
    environment.globals.update(shared)
    environment.filters["isolated"] = isolated
    return environment
