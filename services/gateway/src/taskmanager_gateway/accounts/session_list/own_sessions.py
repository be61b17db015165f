"""The list of a user's log-ins, and the end of one of them: for the user and for admins."""

from collections.abc import Sequence
from dataclasses import dataclass

from taskmanager.messages import EndSession
from taskmanager.model.access import KnownSession, User, user_key
from taskmanager.ports.clock import Clock
from taskmanager.ports.readers import AccessReader
from taskmanager_gateway.access.auth_context import LoggedIn
from taskmanager_gateway.access.directory import Directory
from taskmanager_gateway.access.settings import AccessSettings
from taskmanager_gateway.codes import problems
from taskmanager_gateway.commands.service import Author, CommandDone, CommandPending, CommandService
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.problems import UNKNOWN_SESSION, ProblemError


@dataclass(frozen=True, slots=True)
class OwnSession:
    """A valid session; `current`: the one that makes the request."""

    known: KnownSession
    current: bool


class OwnSessions:
    """Lists and ends sessions; every method may raise ProblemError and StoreUnavailableError."""

    def __init__(
        self,
        settings: AccessSettings,
        reader: AccessReader,
        directory: Directory,
        commanding: CommandService,
        clock: Clock,
    ) -> None:
        """`settings` say how long a session lasts."""
        self._lifetime = settings.session_lifetime
        self._reader, self._directory = reader, directory
        self._commanding, self._clock = commanding, clock

    async def of(self, user: User, here: KnownSession | None = None) -> Sequence[OwnSession]:
        """The user's sessions, last used first, after `here`, the session of the request."""
        now, known = self._clock.now(), await from_store(self._reader.sessions(user.name))
        good = [one for one in known if one.ends > now and one.begun >= user.sessions_from]
        others = [OwnSession(one, current=False) for one in good if here is None or one.id != here.id]
        return [*([OwnSession(here, current=True)] if here is not None else []), *others]

    def here(self, logged_in: LoggedIn, address: str, browser: str) -> KnownSession:
        """The session of a request, which the store may not know yet."""
        session, now = logged_in.session, self._clock.now()
        return KnownSession(
            id=session.id,
            user=user_key(session.user),
            begun=session.begun,
            last_used=now,
            ends=session.begun + self._lifetime,
            address=address,
            browser=browser,
        )

    async def end(self, author: Author, user: User, session: str) -> CommandDone | CommandPending:
        """Invalidate one of them at every gateway; 404 if the user has none with that id."""
        found = next((one.known for one in await self.of(user) if one.known.id == session), None)
        if found is None:
            raise ProblemError(UNKNOWN_SESSION, problems.NO_SESSION())
        order = EndSession(user=user.name, session=found.id, expires=found.begun + self._lifetime)
        result = await self._commanding.command(order, author)
        self._directory.forget()
        return result
