"""Log-in with a password, and password changes. An unknown name takes as long as a wrong password."""

from taskmanager.accounts import passwords
from taskmanager.errors import StoreUnavailableError
from taskmanager.messages import EndSession, EndSessions, SetPassword
from taskmanager.model.access import User, principal_of_user, user_key
from taskmanager.model.reasons import weak_passwords
from taskmanager.ports.clock import Clock
from taskmanager.ports.readers import AccessReader
from taskmanager.process.logs import get_logger
from taskmanager_gateway.access.auth_context import LoggedIn
from taskmanager_gateway.access.sessions import Session
from taskmanager_gateway.access.settings import AccessSettings
from taskmanager_gateway.accounts.log_in_records import LogInRecords, Way
from taskmanager_gateway.accounts.log_in_throttle import Throttle
from taskmanager_gateway.codes import access
from taskmanager_gateway.commands.service import Author, CommandDone, CommandPending, CommandService
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.problems import NOT_AUTHENTICATED, WEAK_PASSWORD, ProblemError
from taskmanager_gateway.http.threads import DaemonThreads

AT_ONCE = 2
"""Hashes computed at the same time: each takes 64 MiB and four threads."""
NOBODYS_HASH = (
    "$argon2id$v=19$m=65536,t=3,p=4$I4mwmNISt1AAmLo+w5I8ig$3ZFRaJpvFlrvIuG17O6+cgmu1CuGML/jaEHgxvKKgWA"
)
"""The hash of an unknown random text, verified when the user does not exist or has no password."""

log = get_logger(__name__)


class LogInService:
    """Begins and ends sessions; every method may raise StoreUnavailableError."""

    def __init__(
        self,
        settings: AccessSettings,
        reader: AccessReader,
        commanding: CommandService,
        throttle: Throttle,
        records: LogInRecords,
        *,
        clock: Clock,
    ) -> None:
        """Beginning a session needs neither the scheduler nor the broker."""
        self._lifetime = settings.session_lifetime
        self._reader, self._commanding, self._clock = reader, commanding, clock
        self._throttle, self._records = throttle, records
        self._threads = DaemonThreads(AT_ONCE, "password")

    async def with_password(
        self, name: str, password: str, address: str, *, known: bool = False
    ) -> tuple[User, Session | None]:
        """The user, and a new session or, if `SecondFactors` has to check a code next, None.

        `known`: the user has logged in from this browser before. Raises ProblemError: 401 if name and
        password do not match, 429 after too many failures.
        """
        user = await self._verified(name, password, address, known=known)
        if user.second_factor is not None:
            return user, None
        self._records.note("done", "password", user.name, address)
        return user, self.session(user)

    async def verified(self, name: str, password: str, address: str) -> User:
        """Verify the password of somebody who is logged in once more; raises ProblemError: 401, 429."""
        return await self._verified(name, password, address, known=True)

    def session(self, user: User) -> Session:
        """A new session for a user who has been authenticated."""
        return Session.begin(user.name, max(self._clock.now(), user.sessions_from))

    async def end(self, logged_in: LoggedIn, author: Author) -> CommandDone | CommandPending:
        """Invalidate the session at every gateway."""
        session = logged_in.session
        way: Way = "password" if logged_in.user.password_hash is not None else "oidc"
        self._records.note("left", way, session.user, "")
        expires = session.begun + self._lifetime
        return await self._commanding.command(
            EndSession(user=session.user, session=session.id, expires=expires), author
        )

    async def choose_password(
        self, author: Author, current: str, new: str, address: str
    ) -> tuple[CommandDone | CommandPending, Session]:
        """Set one's own password, which ends all one's sessions; returns a new session to continue with."""
        name = author.principal.name
        user = await self._verified(name, current, address, known=True)
        await self.check_new(new, user.name, current)
        hashed = await self.hashed(new)
        result = await self._commanding.command(SetPassword(name=user.name, password_hash=hashed), author)
        return result, self.session(await self.user(name) or user)

    async def end_others(self, logged_in: LoggedIn, author: Author) -> Session:
        """End all of one's own sessions; returns a new one to continue with. Raises ProblemError."""
        user = logged_in.user
        await self._commanding.command(EndSessions(name=user.name), author)
        return self.session(await self.user(user.name) or user)

    async def user(self, name: str) -> User | None:
        """The user as currently stored."""
        return await from_store(self._reader.user(name))

    async def hashed(self, password: str) -> str:
        """The hash of the password, computed in a thread."""
        return await self._threads.run(lambda: passwords.hash_password(password))

    async def check_new(self, password: str, user_name: str, current: str | None = None) -> None:
        """Raise ProblemError if the password may not be chosen. Rating it takes a moment in a thread."""
        refusal = await self._threads.run(lambda: passwords.refusal(password, user_name))
        if refusal is None and current is not None and user_key(current) == user_key(password):
            refusal = weak_passwords.NO_NEW_PASSWORD()
        if refusal is not None:
            raise ProblemError(WEAK_PASSWORD, access.NOT_CHANGED(weakness=refusal))

    async def _verified(self, name: str, password: str, address: str, *, known: bool) -> User:
        await self._admitted(name, address, known=known)
        user = await self.user(name)
        kept = user.password_hash if user is not None and user.disabled is None else None
        given = password[: passwords.LONGEST]
        fits = await self._threads.run(lambda: passwords.verify(kept or NOBODYS_HASH, given))
        if user is None or kept is None or not fits:
            self._throttle.failed(name, address)
            self._records.note("refused", "password", user.name if user is not None else None, address)
            raise ProblemError(NOT_AUTHENTICATED, access.WRONG_PASSWORD())
        if user.second_factor is None:  # otherwise right passwords between wrong codes would reset the limits
            self._throttle.succeeded(name, address)
        if passwords.needs_rehash(kept):
            await self._hash_anew(user, kept, given)
        return user

    async def _admitted(self, name: str, address: str, *, known: bool) -> None:
        try:
            await self._throttle.attempt(name, address, known=known)
        except ProblemError:
            self._records.note("too_many", "password", None, address)
            raise

    async def _hash_anew(self, user: User, known: str, password: str) -> None:
        """Hash it again with the current parameters; if that fails, it is tried again at the next log-in."""
        order = SetPassword(name=user.name, password_hash=await self.hashed(password), rehash_of=known)
        try:
            await self._commanding.command(order, Author(principal_of_user(user)))
        except (ProblemError, StoreUnavailableError) as error:
            log.info("password_not_hashed_anew", user=user.name, error=str(error))

    def close(self) -> None:
        """Let the threads finish."""
        self._threads.close()
