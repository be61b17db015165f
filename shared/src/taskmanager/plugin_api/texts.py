"""Codes that a plugin of its own package brings, with their sentences in English and other languages.

TEXTS = PluginTexts("ocr")
NO_PAGE = TEXTS.code("no_page", "%(folder)s holds no page", de="%(folder)s enthält keine Seite")

class Ocr:
manifest = PluginManifest(name="ocr", ..., texts=TEXTS.sentences)

def run(self, context):
raise JobFailedError(NO_PAGE(folder=context.source))
"""

from taskmanager.model.jobs import PluginName
from taskmanager.model.manifest import PluginText, plugin_code
from taskmanager.model.reasons.catalogue import Code
from taskmanager.model.reasons.coded_text import TextCode


class PluginTexts:
    """The codes of one plugin; `sentences` is what its manifest says of them."""

    def __init__(self, plugin: PluginName) -> None:
        """`plugin` is the name in its manifest."""
        self._plugin = plugin
        self.sentences: dict[str, PluginText] = {}

    def code(self, name: str, english: str, **translations: str) -> TextCode:
        """A code; called with what fills the places `%(name)s` of its sentence it gives the text.

        `translations` are the same sentence by language (`de`). The text is a `str` in English, for
        JobFailedError and TemporaryError, the log of a job and the records of files. Raises ValueError for a
        name that was given before, and for sentences whose places differ; a name is made of lower case
        letters, digits and underscores.
        """
        if name in self.sentences:
            raise ValueError(f"the code {name} was made before")
        self.sentences[name] = PluginText(english=english, translations=translations)
        return TextCode(Code(plugin_code(self._plugin, name), (english,)), own_words=True)
