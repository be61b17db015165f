"""The plugin `shell` (job type SHELL): makes derivatives, or runs a program, as defined by a template."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from pydantic import JsonValue

from taskmanager.model.manifest import title_texts
from taskmanager.plugin_api import JobContext, PauseSupport, PluginManifest
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.shell.derivatives import DerivativeTemplate
from taskmanager_plugin_runner.plugins.shell.template import Mode, Template
from taskmanager_plugin_runner.plugins.titled import titles_of

TITLE: Final = "Image conversion and other programs"
TEMPLATE_DEFAULT: Final = "jpeg"
SHIPPED: Final = Path(__file__).parent / "templates"

PEOPLE: Final = ("title", "description", "x-titles", "x-descriptions")
"""Keywords of a schema that only a form needs."""

AnyTemplate = Template | DerivativeTemplate


class ShellPlugin:
    """Reads its templates once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        self._templates = read_catalogue("shell", read_template, SHIPPED)
        self._manifest = PluginManifest(
            name="shell",
            title=TITLE,
            job_type="SHELL",
            version=version("taskmanager-plugin-runner"),
            parameters=parameters_schema(self._templates),
            templates=tuple(self._templates),
            template_default=TEMPLATE_DEFAULT,
            templates_in_place=tuple(name for name, template in self._templates.items() if template.in_place),
            template_limits={name: template.limits for name, template in self._templates.items()},
            pause=PauseSupport.CHECKPOINT,
            reads_in_place=True,
            takes_files_in_order=True,
            texts=title_texts(
                (TITLE, {"de": "Bildumwandlung und andere Programme"}), titles_of(self._templates)
            ),
        )

    @property
    def manifest(self) -> PluginManifest:
        """Job type SHELL, with the names of all templates and the parameters that any of them accepts."""
        return self._manifest

    def run(self, context: JobContext) -> None:
        """Run the job's template; raises JobFailedError with the file and the program's message."""
        template = self._templates[self._manifest.choose_template(context.template) or TEMPLATE_DEFAULT]
        if isinstance(template, DerivativeTemplate):
            from taskmanager_plugin_runner.plugins.shell.derive import DeriveRun  # noqa: PLC0415 - brings numpy

            DeriveRun(context, template).run()
            return
        from taskmanager_plugin_runner.plugins.shell.run import FileRun, JobRun  # noqa: PLC0415 - the same

        (FileRun if template.mode is Mode.FILE else JobRun)(context, template).run()


def read_template(raw: Mapping[str, Any]) -> AnyTemplate:
    """The template in a file; one with `derivatives` runs no program. Raises ValidationError."""
    return (DerivativeTemplate if "derivatives" in raw else Template).model_validate(raw)


def parameters_schema(templates: Mapping[str, AnyTemplate]) -> dict[str, JsonValue]:
    """One JSON Schema for the parameters of all templates; each template validates its own more strictly."""
    variants: dict[str, list[JsonValue]] = {}
    definitions: dict[str, JsonValue] = {}
    for template in templates.values():
        own = template.parameters_model.model_json_schema()
        definitions |= own.get("$defs", {})
        for name, schema in own.get("properties", {}).items():
            known = variants.setdefault(name, [])
            if schema not in known:
                known.append(schema)
    properties: dict[str, JsonValue] = {
        name: known[0] if len(known) == 1 else {**_in_common(known), "anyOf": known}
        for name, known in sorted(variants.items())
    }
    whole: dict[str, JsonValue] = {"type": "object", "properties": properties, "additionalProperties": False}
    return whole | ({"$defs": definitions} if definitions else {})


def _in_common(schemas: Sequence[JsonValue]) -> dict[str, JsonValue]:
    """What all variants of a parameter say for people."""
    first, *others = [one for one in schemas if isinstance(one, dict)]
    return {
        key: first[key]
        for key in PEOPLE
        if key in first and all(one.get(key) == first[key] for one in others)
    }
