"""The second factor of users with a password: required at log-in, set up and removed by themselves.

A code is valid once: the scheduler stores what was used. While it is unavailable only this gateway remembers
it, so that operators can still log in when they need the pages most.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from taskmanager.messages import RemoveSecondFactor, SetSecondFactor, UseCode
from taskmanager.model.access import SecondFactor, User, principal_of_user
from taskmanager.ports.clock import Clock
from taskmanager_gateway.access.directory import Directory, secret_hash
from taskmanager_gateway.access.sessions import Session
from taskmanager_gateway.accounts.log_in import LogInService
from taskmanager_gateway.accounts.log_in_records import LogInRecords
from taskmanager_gateway.accounts.log_in_throttle import Throttle
from taskmanager_gateway.accounts.second_factor import totp
from taskmanager_gateway.accounts.second_factor.half_way import HalfWayTexts
from taskmanager_gateway.accounts.second_factor.sealing import Sealing
from taskmanager_gateway.codes import access
from taskmanager_gateway.commands.service import Author, CommandDone, CommandPending, CommandService
from taskmanager_gateway.http.problems import (
    BROKER_UNAVAILABLE,
    NOT_AUTHENTICATED,
    NOT_POSSIBLE,
    WRONG_PROOF,
    ProblemError,
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class EnrolmentOffer:
    """A secret for a device that is not the user's yet; `sealed` comes back with the device's first code."""

    secret: str
    sealed: str


class SecondFactors:
    """Checks and manages second factors; every method may raise ProblemError and StoreUnavailableError."""

    def __init__(
        self,
        directory: Directory,
        commanding: CommandService,
        log_in: LogInService,
        throttle: Throttle,
        records: LogInRecords,
        *,
        clock: Clock,
    ) -> None:
        """`log_in` checks passwords and begins sessions."""
        self._directory, self._commanding, self._log_in = directory, commanding, log_in
        self._throttle, self._records, self._clock = throttle, records, clock
        self._steps: dict[str, int] = {}
        self._recovery: set[str] = set()

    async def half_way(self, user: User) -> str:
        """The text that the form for the code sends along: it says that the password was right."""
        return (await self._half_way_texts()).write(user)

    async def user_half_way(self, text: str) -> User:
        """The user whose password was right; raises ProblemError (401) if that is no longer valid."""
        half_way = (await self._half_way_texts()).read(text)
        user = await self._log_in.user(half_way.user) if half_way is not None else None
        if half_way is None or user is None or user.disabled or not half_way.still_counts_for(user):
            raise ProblemError(NOT_AUTHENTICATED, access.BEGIN_AGAIN())
        return user

    async def enter(self, user: User, code: str, address: str, *, known: bool) -> Session:
        """A new session for a user whose password was right, if the code is; `known` as for passwords."""
        if user.second_factor is not None:
            await self._check(user, user.second_factor, code, address, known=known)
        self._records.note("done", "code" if user.second_factor else "password", user.name, address)
        return self._log_in.session(user)

    async def offer(self, user: User, sealed: str | None = None) -> EnrolmentOffer:
        """A new secret, or the one that was offered before, after a wrong code."""
        sealing = await self._sealing()
        known = sealing.open(sealed, user.name) if sealed else None
        secret = known or totp.new_secret()
        return EnrolmentOffer(secret, sealed if sealed and known else sealing.seal(secret, user.name))

    async def set_up(
        self, author: Author, sealed: str, password: str, code: str, address: str
    ) -> tuple[CommandDone | CommandPending, Sequence[str]]:
        """Require codes of this device from now on; returns recovery codes, which are known only now."""
        user = await self._log_in.verified(author.principal.name, password, address)
        secret = (await self._sealing()).open(sealed, user.name)
        step = totp.matching_step(secret, code, self._clock.now()) if secret else None
        if step is None:
            raise ProblemError(WRONG_PROOF, access.WRONG_FIRST_CODE())
        codes = totp.new_recovery_codes()
        hashes = tuple(secret_hash(one) for one in codes)
        order = SetSecondFactor(name=user.name, sealed=sealed, step=step, recovery=hashes)
        result = await self._commanding.command(order, author)
        self._directory.forget()
        return result, codes

    async def remove(
        self, author: Author, password: str, code: str, address: str
    ) -> CommandDone | CommandPending:
        """Stop requiring codes."""
        user = await self._log_in.verified(author.principal.name, password, address)
        if user.second_factor is not None:
            await self._check(user, user.second_factor, code, address, known=True)
        result = await self._commanding.command(RemoveSecondFactor(name=user.name), author)
        self._directory.forget()
        return result

    async def _check(self, user: User, factor: SecondFactor, code: str, address: str, *, known: bool) -> None:
        """Raise ProblemError unless the code is right, has not been used before, and may be tried now."""
        sealing = await self._sealing()
        try:
            await self._throttle.attempt(user.name, address, known=known)
            if not known:
                self._throttle.attempt_code(user.name)
        except ProblemError:
            self._records.note("too_many", "code", user.name, address)
            raise
        use = self._use(sealing, user, factor, code)
        if use is None or not await self._use_up(user, use):
            self._throttle.failed_code(user.name, address)
            self._records.note("refused", "code", user.name, address)
            raise ProblemError(NOT_AUTHENTICATED, access.WRONG_CODE())
        self._throttle.succeeded(user.name, address)

    def _use(self, sealing: Sealing, user: User, factor: SecondFactor, code: str) -> UseCode | None:
        """The use of the code to record; None if the code is wrong."""
        recovery = secret_hash(totp.recovery_text(code))
        if recovery in factor.recovery:
            return UseCode(name=user.name, recovery=recovery)
        secret = sealing.open(factor.sealed, user.name)
        if secret is None:
            log.error("second_factor_unreadable", user=user.name)  # the key of second factors has changed
            return None
        step = totp.matching_step(secret, code, self._clock.now())
        return UseCode(name=user.name, step=step) if step is not None and step > factor.step else None

    async def _use_up(self, user: User, use: UseCode) -> bool:
        """Record the use; False if the code had been used before."""
        if not self._first_here(use):
            return False
        try:
            await self._commanding.command(use, Author(principal_of_user(user)))
        except ProblemError as error:
            if error.problem.kind is NOT_POSSIBLE:
                return False
            if error.problem.kind is not BROKER_UNAVAILABLE or use.recovery is not None:
                self._recovery.discard(use.recovery or "")
                raise
            log.warning("code_used_unstored", user=user.name)
        return True

    def _first_here(self, use: UseCode) -> bool:
        """Whether this gateway sees the code for the first time; it is remembered."""
        if use.recovery is not None:
            first = use.recovery not in self._recovery
            self._recovery.add(use.recovery)
            return first
        step = use.step or 0
        first = step > self._steps.get(use.name, -1)
        self._steps[use.name] = max(step, self._steps.get(use.name, step))
        return first

    async def _sealing(self) -> Sealing:
        return Sealing(await self._directory.second_factor_key())

    async def _half_way_texts(self) -> HalfWayTexts:
        return HalfWayTexts(await self._directory.session_key())
