"""All codes for one language: those of the services and those of the installed plugins."""

from dataclasses import dataclass

from taskmanager.model.manifest import PLUGIN_CODES
from taskmanager.model.reasons import Code
from taskmanager_gateway.codes import CATALOGUE
from taskmanager_gateway.plugins.catalogue import PluginCatalogue


@dataclass(frozen=True, slots=True)
class CodesOfPlugins:
    """Implements `taskmanager.model.reasons.Codes`; only installed plugins have codes."""

    plugins: PluginCatalogue
    language: str

    def find(self, name: str) -> Code | None:
        """The code; that of a plugin has its sentence in the language or, if untranslated, in English."""
        return CATALOGUE.find(name) or self._of_plugin(name)

    def _of_plugin(self, name: str) -> Code | None:
        family, _, rest = name.partition(".")
        plugin, _, code = rest.partition(".")
        known = self.plugins.last_read(plugin) if family == PLUGIN_CODES else None
        text = known.installed.manifest.texts.get(code) if known is not None else None
        return None if text is None else Code(name, (text.translations.get(self.language, text.english),))
