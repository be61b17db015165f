"""A plugin's own schema for its parameters (JSON Schema, draft 2020-12). No reference is ever fetched."""

from collections import OrderedDict
from collections.abc import Iterator

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from pydantic import JsonValue
from pydantic_core import to_json
from referencing import Registry
from referencing.exceptions import Unresolvable

from taskmanager.model.reasons import PROSE
from taskmanager.process.logs import get_logger
from taskmanager_gateway.codes import problems
from taskmanager_gateway.http.problems import PLUGIN_UNUSABLE, FieldError, ProblemError, shortened

REMEMBERED = 256
"""Sets of valid parameters remembered for one plugin."""
REMEMBERED_BYTES = 4096
"""Larger sets are checked each time."""

log = get_logger(__name__)

JobParameters = dict[str, JsonValue]


class ParameterSchema:
    """A compiled schema, or what is wrong with it."""

    def __init__(self, plugin: str, schema: JobParameters) -> None:
        """Compile the schema; an invalid one is logged, and every job is refused because of it."""
        self._plugin = plugin
        self._validator: Draft202012Validator | None = None
        self._defect = _defect(plugin, schema)
        if self._defect is None:
            self._validator = Draft202012Validator(schema, registry=Registry())
        self._valid: OrderedDict[bytes, None] = OrderedDict()

    def errors(self, parameters: JobParameters) -> list[FieldError]:
        """The errors of the parameters; raises ProblemError if the schema is unusable.

        Parameters found valid are remembered: most jobs of a plugin use the same few.
        """
        key = to_json(parameters)
        if key in self._valid:
            return []
        errors = list(self._look(parameters))
        if not errors and len(key) <= REMEMBERED_BYTES:
            self._remember(key)
        return errors

    def errors_of_some(self, parameters: JobParameters) -> list[FieldError]:
        """The same for some of a job's parameters: that others are missing is no error."""
        return list(self._look(parameters, complete=False))

    def _remember(self, key: bytes) -> None:
        self._valid[key] = None
        if len(self._valid) > REMEMBERED:
            self._valid.popitem(last=False)

    def _look(self, parameters: JobParameters, *, complete: bool = True) -> Iterator[FieldError]:
        if self._validator is None:
            raise self._unusable(self._defect)
        try:
            for error in self._validator.iter_errors(parameters):
                if not complete and error.validator == "required" and not error.absolute_path:
                    continue
                field = ".".join(["parameters", *map(str, error.absolute_path)])
                yield FieldError.of(field, PROSE(text=shortened(error.message)))
        except Unresolvable as error:  # a reference leads outside the schema
            raise self._unusable(str(error)) from error

    def _unusable(self, defect: str | None) -> ProblemError:
        told = problems.BAD_SCHEMA(plugin=self._plugin, defect=shortened(str(defect)))
        return ProblemError(PLUGIN_UNUSABLE, told)


def _defect(plugin: str, schema: JobParameters) -> str | None:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        log.error("plugin_schema_invalid", plugin=plugin, error=error.message)  # noqa: TRY400 - the traceback says nothing more
        return error.message
    return None
