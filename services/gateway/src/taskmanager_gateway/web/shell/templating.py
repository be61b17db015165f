"""Templates: Jinja2 with escaping everywhere, one environment for each language."""

from collections.abc import Mapping
from pathlib import Path
from types import CodeType
from typing import Any

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket

from taskmanager_gateway.web.shell.languages import LANGUAGES, translations

TEMPLATES = Path(__file__).parents[1] / "templates"


class CompiledOnce(BytecodeCache):
    """What one language has compiled the others take: texts are looked up when a template is rendered."""

    def __init__(self) -> None:
        """Holds nothing yet; all templates of this process in the end."""
        self._compiled: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill in what is known of exactly this source."""
        bucket.code = self._compiled.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        if bucket.code is not None:
            self._compiled[bucket.key, bucket.checksum] = bucket.code


_COMPILED = CompiledOnce()
"""Of this process: it depends on nothing but the files beside this module."""


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
        bytecode_cache=_COMPILED,
    )
    environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]  # by the extension
    environment.globals.update(shared)
    return environment
