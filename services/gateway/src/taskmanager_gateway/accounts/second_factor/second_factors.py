"""The second factor of users with a password: checks it at log-in, and sets up and removes codes.

Each code and each signed challenge is valid only once: the scheduler stores the used ones. While it does not
answer, nobody can log in with a second factor, because no gateway knows what the others have accepted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from taskmanager.messages import RemoveDevice, SetSecondFactor, UseCode, UseSecurityKey
from taskmanager.model.access import SecondFactor, User, principal_of_user
from taskmanager.model.reasons import Reason
from taskmanager.ports.clock import Clock
from taskmanager.process.logs import get_logger
from taskmanager_gateway.access.directory import Directory, secret_hash
from taskmanager_gateway.access.sessions import Session
from taskmanager_gateway.accounts.log_in import LogInService
from taskmanager_gateway.accounts.log_in_records import LogInRecords
from taskmanager_gateway.accounts.log_in_throttle import Throttle
from taskmanager_gateway.accounts.second_factor import totp
from taskmanager_gateway.accounts.second_factor.half_way import HalfWayTexts
from taskmanager_gateway.accounts.second_factor.security_keys import KeyAnswer, SecurityKeys
from taskmanager_gateway.codes import access
from taskmanager_gateway.commands.service import Author, CommandDone, CommandPending, CommandService
from taskmanager_gateway.http.problems import (
    BROKER_UNAVAILABLE,
    NOT_AUTHENTICATED,
    NOT_POSSIBLE,
    SCHEDULER_UNAVAILABLE,
    WRONG_PROOF,
    ProblemError,
)

if TYPE_CHECKING:
    from taskmanager_gateway.accounts.second_factor.sealing import Sealing

PATIENCE = timedelta(seconds=4)
"""How long a log-in waits for the scheduler: longer than other commands, which are carried out later."""

RETRY_SECONDS = "30"
"""After this time there is a new code."""

Way = Literal["code", "security_key"]

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class EnrolmentOffer:
    """A secret for a device that is not the user's yet; `sealed` comes back with the device's first code."""

    secret: str
    sealed: str


class SecondFactors:
    """Checks and manages second factors; every method may raise ProblemError and StoreUnavailableError."""

    def __init__(  # noqa: PLR0913 - wiring
        self,
        directory: Directory,
        commanding: CommandService,
        log_in: LogInService,
        keys: SecurityKeys,
        throttle: Throttle,
        records: LogInRecords,
        *,
        clock: Clock,
    ) -> None:
        """`log_in` checks passwords and begins sessions, `keys` checks the answers of security keys."""
        self._directory, self._commanding, self._log_in = directory, commanding, log_in
        self._keys, self._throttle, self._records, self._clock = keys, throttle, records, clock

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
        if user.second_factor is None:
            self._records.note("done", "password", user.name, address)
        else:
            await self._check_code(user, user.second_factor, code, address, known=known)
            self._records.note("done", "code", user.name, address)
        return self._log_in.session(user)

    async def enter_with_key(self, user: User, answer: KeyAnswer, address: str, *, known: bool) -> Session:
        """The same, if one of the user's security keys signed the challenge."""
        await self._admit(user, "security_key", address, known=known)
        use = await self._keys.use(user, answer)
        if use is None:
            raise self._refused(
                user, "security_key", address, ProblemError(NOT_AUTHENTICATED, access.WRONG_KEY())
            )
        await self._use_up(user, use, address)
        self._records.note("done", "security_key", user.name, address)
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
        """Require codes from this device from now on.

        Returns recovery codes if it is the user's first second factor; they cannot be read again later.
        """
        user = await self._log_in.verified(author.principal.name, password, address)
        secret = (await self._sealing()).open(sealed, user.name)
        step = totp.matching_step(secret, code, self._clock.now()) if secret else None
        if step is None:
            raise ProblemError(WRONG_PROOF, access.WRONG_FIRST_CODE())
        codes = totp.recovery_codes_for(user)
        hashes = tuple(secret_hash(one) for one in codes)
        order = SetSecondFactor(name=user.name, sealed=sealed, step=step, recovery=hashes)
        result = await self._commanding.command(order, author)
        self._directory.forget()
        return result, codes

    async def remove(
        self, author: Author, password: str, code: str, address: str
    ) -> CommandDone | CommandPending:
        """Stop requiring codes from the device."""
        user = await self._log_in.verified(author.principal.name, password, address)
        if user.second_factor is not None:
            await self._check_code(user, user.second_factor, code, address, known=True)
        result = await self._commanding.command(RemoveDevice(name=user.name), author)
        self._directory.forget()
        return result

    async def _check_code(
        self, user: User, factor: SecondFactor, code: str, address: str, *, known: bool
    ) -> None:
        """Raise ProblemError unless the code is right, has not been used before, and may be tried now."""
        sealing = await self._sealing()
        await self._admit(user, "code", address, known=known)
        use = self._use(sealing, user, factor, code)
        if use is None:
            raise self._refused(user, "code", address, ProblemError(NOT_AUTHENTICATED, access.WRONG_CODE()))
        await self._use_up(user, use, address)

    async def _admit(self, user: User, way: Way, address: str, *, known: bool) -> None:
        try:
            await self._throttle.attempt(user.name, address, known=known)
            if not known and way == "code":  # signatures cannot be guessed
                self._throttle.attempt_code(user.name)
        except ProblemError:
            self._records.note("too_many", way, user.name, address)
            raise

    def _refused(self, user: User, way: Way, address: str, problem: ProblemError) -> ProblemError:
        if way == "code":
            self._throttle.failed_code(user.name, address)
        else:
            self._throttle.failed(user.name, address)
        self._records.note("refused", way, user.name, address)
        return problem

    def _use(self, sealing: "Sealing", user: User, factor: SecondFactor, code: str) -> UseCode | None:
        """The use of the code to record; None if the code is wrong."""
        recovery = secret_hash(totp.recovery_text(code))
        if recovery in factor.recovery:
            return UseCode(name=user.name, recovery=recovery)
        if factor.sealed is None:
            return None
        secret = sealing.open(factor.sealed, user.name)
        if secret is None:
            log.error("second_factor_unreadable", user=user.name)  # the key of second factors has changed
            return None
        step = totp.matching_step(secret, code, self._clock.now())
        return UseCode(name=user.name, step=step) if step is not None and step > factor.step else None

    async def _use_up(self, user: User, use: UseCode | UseSecurityKey, address: str) -> None:
        """Record the use; raises ProblemError unless the scheduler confirms that it is the first one."""
        try:
            result = await self._commanding.command(use, Author(principal_of_user(user)), patience=PATIENCE)
        except ProblemError as error:
            if error.problem.kind is BROKER_UNAVAILABLE:
                raise self._not_judged(user, address) from error
            if error.problem.kind is NOT_POSSIBLE:
                way: Way = "code" if isinstance(use, UseCode) else "security_key"
                told = access.WRONG_CODE() if isinstance(use, UseCode) else _refusal_of_key(error)
                raise self._refused(user, way, address, ProblemError(NOT_AUTHENTICATED, told)) from error
            raise
        if isinstance(result, CommandPending):
            raise self._not_judged(user, address)
        self._throttle.succeeded(user.name, address)

    def _not_judged(self, user: User, address: str) -> ProblemError:
        self._throttle.succeeded(user.name, address)  # the code was right: not a failed attempt
        log.warning("second_factor_not_judged", user=user.name, address=address)
        return ProblemError(SCHEDULER_UNAVAILABLE, access.NOT_JUDGED(), {"Retry-After": RETRY_SECONDS})

    async def _sealing(self) -> "Sealing":
        from taskmanager_gateway.accounts.second_factor.sealing import Sealing  # noqa: PLC0415 - brings `cryptography`, 10 MB

        return Sealing(await self._directory.second_factor_key())

    async def _half_way_texts(self) -> HalfWayTexts:
        return HalfWayTexts(await self._directory.session_key())


def _refusal_of_key(error: ProblemError) -> Reason:
    """Why the scheduler rejected the key; the owner has to know if there may be a copy of it."""
    refusal = error.problem.told.parameters.get("refusal")
    return access.KEY_REFUSED(refusal=refusal) if isinstance(refusal, Reason) else access.WRONG_KEY()
