"""Reading the audit of what operators requested: the use case of the API and the pages."""

from taskmanager.errors import CursorError
from taskmanager.model.access import Principal
from taskmanager.model.queries import AuditPage, AuditQuery
from taskmanager.ports.readers import JobReader
from taskmanager_gateway.access.plugin_scope import narrowed
from taskmanager_gateway.codes import faults, problems
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.problems import (
    INVALID_CURSOR,
    INVALID_REQUEST,
    FieldError,
    ProblemError,
    field_problem,
)


async def audit_page(reader: JobReader, query: AuditQuery, who: Principal) -> AuditPage:
    """One page, narrowed to the plugins within reach.

    Raises ProblemError for an invalid cursor and for a plugin out of reach, StoreUnavailableError.
    """
    _check_text(query)
    kept = query.model_copy(update={"plugins": narrowed(who, query.plugin, query.plugins)})
    try:
        return await from_store(reader.audit(kept))
    except CursorError as error:
        raise ProblemError(INVALID_CURSOR, problems.STALE_CURSOR()) from error


def _check_text(query: AuditQuery) -> None:
    for name in ("job", "runner", "subject", "cursor"):
        if "\0" in (getattr(query, name) or ""):
            raise field_problem(INVALID_REQUEST, [FieldError.of(name, faults.NUL())])
