"""Codes of a plugin in a separate package, with their sentences in English and other languages.

For example:

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
    """The codes of one plugin; `sentences` is for the `texts` of its manifest."""

    def __init__(self, plugin: PluginName) -> None:
        """`plugin` is the name in the manifest."""
        self._plugin = plugin
        self.sentences: dict[str, PluginText] = {}

    def code(self, name: str, english: str, **translations: str) -> TextCode:
        """A new code; call it with values for the placeholders `%(name)s` of its sentence to get the text.

        `translations` has the same sentence by language (`de`). The text is an English `str`, for
        JobFailedError and TemporaryError, the log of a job and file records. Raises ValueError if the name is
        already in use or the placeholders of the sentences differ; names consist of lower case letters,
        digits and underscores.
        """
        if name in self.sentences:
            raise ValueError(f"the code {name} was made before")
        self.sentences[name] = PluginText(english=english, translations=translations)
        return TextCode(Code(plugin_code(self._plugin, name), (english,)), own_words=True)
