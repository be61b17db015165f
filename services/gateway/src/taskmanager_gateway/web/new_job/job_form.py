"""What is entered for a new job, and the specification it becomes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue, ValidationError

from taskmanager.model.jobs import Job, JobSpec
from taskmanager.model.user_content.presets import Preset
from taskmanager_gateway.http.problems import INVALID_REQUEST, field_problem, validation_problem
from taskmanager_gateway.submissions.storable import storage_errors
from taskmanager_gateway.web.new_job.parameter_fields import parameters_from

OWN = ("template", "source", "destination", "priority", "title", "project")
OF_GOOBI = ("process_id", "step_id", "process_title", "installation")


@dataclass(frozen=True, slots=True)
class JobForm:
    """The values of the fields as texts; empty: not given."""

    values: Mapping[str, str]
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Mapping[str, str], schema: Mapping[str, JsonValue]) -> "JobForm":
        """From the query of an address, which is how a form is kept as a bookmark; raises ProblemError."""
        return cls({name: given.get(name, "") for name in (*OWN, *OF_GOOBI)}, parameters_from(schema, given))

    def __getitem__(self, name: str) -> str:
        """The value of a field."""
        return self.values.get(name, "")


def form_like(job: Job) -> JobForm:
    """With what a job was submitted with."""
    spec, goobi = job.spec, job.spec.goobi
    own = {name: getattr(spec, name) for name in OWN} | {"priority": job.priority}
    theirs = {name: getattr(goobi, name) for name in OF_GOOBI} if goobi else {}
    texts = {name: "" if value is None else str(value) for name, value in (own | theirs).items()}
    return JobForm(texts, spec.parameters)


def form_with(form: JobForm, preset: Preset) -> JobForm:
    """The form with template and parameters of a preset, where it says nothing itself."""
    values = {**form.values, "template": form["template"] or preset.template or ""}
    return JobForm(values, {**preset.parameters, **form.parameters})


def spec_from(plugin: str, form: Mapping[str, str], schema: Mapping[str, JsonValue]) -> JobSpec:
    """The specification that was entered; raises ProblemError that lists all wrong fields."""
    given = {name: text for name in OWN if (text := form.get(name, "").strip())}
    goobi = {name: text for name in OF_GOOBI if (text := form.get(name, "").strip())}
    fields = {"plugin": plugin, **given, **({"goobi": goobi} if "process_id" in goobi else {})}
    numbers: dict[str, object] = {"priority": _number(given["priority"])} if "priority" in given else {}
    try:
        spec = JobSpec.model_validate({**fields, **numbers, "parameters": parameters_from(schema, form)})
    except ValidationError as error:
        raise validation_problem(error.errors(include_url=False, include_input=False)) from error
    if errors := storage_errors(spec):
        raise field_problem(INVALID_REQUEST, errors)
    return spec


def _number(text: str) -> int | str:
    """The number, or the text, of which validation says what is wrong."""
    return int(text) if text.isascii() and text.isdigit() else text
