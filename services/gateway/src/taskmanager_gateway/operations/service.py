"""Requests and looks up operations over many jobs, which the scheduler carries out."""

from dataclasses import dataclass
from enum import StrEnum

from taskmanager.errors import StoreUnavailableError
from taskmanager.messages import StartOperation
from taskmanager.model.access import Principal
from taskmanager.model.jobs import Attribution
from taskmanager.model.operations import Operation
from taskmanager.ports.clock import Clock
from taskmanager.ports.readers import JobReader
from taskmanager.process.logs import get_logger
from taskmanager_gateway.access.plugin_scope import allow_all, kept_within, reaches
from taskmanager_gateway.codes import access, problems
from taskmanager_gateway.commands.service import Author, CommandPending, CommandService
from taskmanager_gateway.http.deadlines import LOOKUP_TIME, from_store
from taskmanager_gateway.http.problems import KEY_REUSED, UNKNOWN_OPERATION, ProblemError
from taskmanager_gateway.plugins.catalogue import PluginCatalogue

log = get_logger(__name__)


class OperationOutcome(StrEnum):
    """The result of a request for an operation."""

    ACCEPTED = "accepted"
    REPLAYED = "replayed"
    """The same request with the same key was accepted before; the operation is that one."""
    PENDING = "pending"
    """The broker has stored the request, and the scheduler will store the operation when it is available."""


@dataclass(frozen=True, slots=True)
class OperationResult:
    """An operation as it is now, or as it will be stored."""

    operation: Operation
    taken: OperationOutcome


class OperationService:
    """Requests operations from the scheduler."""

    def __init__(
        self, reader: JobReader, commanding: CommandService, catalogue: PluginCatalogue, clock: Clock
    ) -> None:
        """`clock` dates operations that are not stored yet."""
        self._reader = reader
        self._commanding = commanding
        self._catalogue = catalogue
        self._clock = clock

    async def start(self, order: StartOperation, author: Author, *, keyed: bool) -> OperationResult:
        """Start the operation; `keyed`: its id may belong to an earlier one. Raises ProblemError."""
        order = order.model_copy(update={"filter": kept_within(author.principal, order.filter)})
        if order.filter.plugin is not None:
            await self._catalogue.find(order.filter.plugin, author.principal)
        earlier = await self._earlier(order) if keyed else None
        if earlier is not None:
            return OperationResult(earlier, OperationOutcome.REPLAYED)
        result = await self._commanding.command(order, author)
        if isinstance(result, CommandPending):
            return OperationResult(self._expected(order, author), OperationOutcome.PENDING)
        taken = OperationOutcome.ACCEPTED if result.outcome == "done" else OperationOutcome.REPLAYED
        return OperationResult(await self._stored(order, author), taken)

    async def find(self, operation_id: str, who: Principal) -> Operation:
        """The stored operation; raises ProblemError if unknown or out of reach, StoreUnavailableError."""
        found = await from_store(self._reader.operation(operation_id))
        if found is None:
            detail = problems.UNKNOWN_OPERATION(operation=operation_id[:80])
            raise ProblemError(UNKNOWN_OPERATION, detail)
        if not reaches(who, found.filter):
            allow_all(who, access.THE_OPERATION())
        return found

    async def _earlier(self, order: StartOperation) -> Operation | None:
        """The operation of an earlier request; None also without the store: then the scheduler decides."""
        try:
            known = await from_store(self._reader.operation(order.operation), LOOKUP_TIME)
        except StoreUnavailableError as error:
            log.debug("operation_not_checked", operation=order.operation, error=str(error))
            return None
        if known is not None and known.fingerprint != order.fingerprint:
            detail = problems.OTHER_OPERATION_UNDER_KEY()
            raise ProblemError(KEY_REUSED, detail, operation=order.operation)
        return known

    async def _stored(self, order: StartOperation, author: Author) -> Operation:
        try:
            known = await from_store(self._reader.operation(order.operation))
        except StoreUnavailableError:
            known = None
        return known or self._expected(order, author)

    def _expected(self, order: StartOperation, author: Author) -> Operation:
        return Operation(
            id=order.operation,
            action=order.action,
            priority=order.priority,
            filter=order.filter,
            asked=Attribution(by=author.actor, at=self._clock.now(), reason=author.reason),
            fingerprint=order.fingerprint,
        )
