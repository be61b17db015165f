"""The sentences that a validating plugin shares with the others, made as codes of its own."""

from taskmanager.plugin_api.texts import PluginTexts


class ValidationTexts:
    """The shared codes of one plugin; `own` takes those that only this plugin has."""

    def __init__(self, plugin: str) -> None:
        """`plugin` is its name in the manifest."""
        self.plugin = plugin
        self.own = PluginTexts(plugin)
        code = self.own.code
        self.invalid = code(
            "invalid",
            "%(number)s of %(total)s file(s) not valid: %(files)s",
            de="%(number)s von %(total)s Datei(en) nicht valide: %(files)s",
        )
        self.unexamined = code(
            "unexamined",
            "%(number)s of %(total)s file(s) could not be examined: %(files)s",
            de="%(number)s von %(total)s Datei(en) konnten nicht geprüft werden: %(files)s",
        )
        self.of_file = code("of_file", "%(name)s (%(reason)s)", de="%(name)s (%(reason)s)")
        self.report_unreadable = code(
            "report_unreadable",
            "the report %(name)s cannot be read again: %(error)s",
            de="Der Bericht %(name)s lässt sich nicht wieder lesen: %(error)s",
        )
        self.report_differs = code(
            "report_differs",
            "the report %(name)s does not say what was found: %(found)s instead of %(wanted)s",
            de="Der Bericht %(name)s sagt nicht, was gefunden wurde: %(found)s statt %(wanted)s",
        )
        self.reports_missing = code(
            "reports_missing",
            "%(number)s of %(total)s reports are there",
            de="%(number)s von %(total)s Berichten sind da",
        )
        self.too_large = code(
            "too_large",
            "its header gives %(size)s pixels, which need %(needed)s of memory; %(most)s are allowed",
            de="Ihr Kopf nennt %(size)s Pixel, die %(needed)s Speicher brauchen; erlaubt sind %(most)s",
        )
