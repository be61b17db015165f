"""The OpenAPI document: what FastAPI derives, and the schemas of bodies that routes read themselves."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from taskmanager_gateway.access.sessions import COOKIE
from taskmanager_gateway.accounts.bodies import AddTokenBody, AddUserBody, ChangeUserBody, SetPasswordBody
from taskmanager_gateway.http.command_bodies import PriorityBody, ReasonBody
from taskmanager_gateway.http.problems import FORBIDDEN, NOT_AUTHENTICATED, ProblemDocument
from taskmanager_gateway.notes.bodies import NoteBody
from taskmanager_gateway.notifications.bodies import RuleBody
from taskmanager_gateway.operations.bodies import OperationBody
from taskmanager_gateway.plugins.bodies import LimitBody, ScaleBody, StopBody
from taskmanager_gateway.presets.views import PresetBody, RenameBody
from taskmanager_gateway.reports.bodies import MessageBody, ReplayBody
from taskmanager_gateway.runners.bodies import DrainBody
from taskmanager_gateway.submissions.bodies import ITEM_KEY
from taskmanager_gateway.submissions.chains import JobRequest
from taskmanager_gateway.submissions.idempotency import KEY_LENGTH

SECURITY_SCHEMES: dict[str, Any] = {
    "token": {"type": "http", "scheme": "bearer", "description": "A program's token, created by an admin"},
    "password": {
        "type": "http",
        "scheme": "basic",
        "description": "The same token as the password of any user, for clients that support only this",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "A log-in at /log-in; changes also need its X-CSRF-Token header",
    },
}
REFERENCE = "#/components/schemas/{model}"


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """The whole document, built once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
        )
        schemas = document["components"]["schemas"]
        schemas.update(_own_schemas())
        _drop_foreign_errors(document["paths"], schemas)
        _say_who_is_refused(document["paths"])
        document["components"]["securitySchemes"] = SECURITY_SCHEMES
        document["security"] = [{name: []} for name in SECURITY_SCHEMES]
        app.openapi_schema = document
    return app.openapi_schema


def _own_schemas() -> dict[str, Any]:
    orders: list[type[BaseModel]] = [ReasonBody, PriorityBody, StopBody, LimitBody, DrainBody, OperationBody]
    orders += [PresetBody, RenameBody, NoteBody, RuleBody]
    orders += [ScaleBody, MessageBody, ReplayBody, AddUserBody, ChangeUserBody, SetPasswordBody, AddTokenBody]
    models: list[type[BaseModel]] = [JobRequest, ProblemDocument, *orders]
    _, definitions = models_json_schema([(model, "validation") for model in models], ref_template=REFERENCE)
    schemas: dict[str, Any] = definitions["$defs"]
    return schemas | _of_a_batch(schemas["JobRequest"])


def _of_a_batch(job: dict[str, Any]) -> dict[str, Any]:
    """The schemas of what `BatchParser` reads: jobs, each with a key of its own."""
    text = {"type": "string", "minLength": 1, "maxLength": KEY_LENGTH}
    key = {"anyOf": [text, {"type": "null"}], "default": None, "title": "Idempotency Key"}
    item = {
        "title": "BatchItem",
        "description": "A job of a batch, with a key of its own that makes a repeated request harmless.",
        "properties": {**job["properties"], ITEM_KEY: key},
    }
    jobs = {"type": "array", "title": "Jobs", "items": {"$ref": REFERENCE.format(model="BatchItem")}}
    batch = {
        "title": "Batch",
        "description": "Several jobs at once.",
        "type": "object",
        "properties": {"jobs": jobs},
        "required": ["jobs"],
    }
    return {"BatchItem": {**job, **item}, "Batch": batch}


def _say_who_is_refused(paths: dict[str, Any]) -> None:
    """Add 401 and 403 to the responses of every operation that needs a right."""
    for path, methods in paths.items():
        for method, operation in methods.items():
            if (method, path) == ("get", "/itm/service"):
                operation["security"] = []
                continue
            like = next(iter(answer for code, answer in operation["responses"].items() if code >= "4"), None)
            for kind in (NOT_AUTHENTICATED, FORBIDDEN):
                described = {"description": f"{kind.title} (`{kind.name}`)"}
                operation["responses"].setdefault(str(kind.status), {**(like or {}), **described})


def _drop_foreign_errors(paths: dict[str, Any], schemas: dict[str, Any]) -> None:
    """FastAPI documents its own error format wherever a route takes input; no route answers in it."""
    operations = [operation for methods in paths.values() for operation in methods.values()]
    for operation in operations:
        answers = operation["responses"]
        if "HTTPValidationError" in str(answers.get("422")):
            del answers["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
