"""Security keys and passkeys of users with a password: required at log-in, added and removed by the users.

The protocol, `webauthn`, is loaded when a key is first used: with its libraries it takes 10 MB.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from taskmanager.messages import AddSecurityKey, RemoveSecurityKey, UseSecurityKey
from taskmanager.model.access import User, user_key
from taskmanager_gateway.access.directory import Directory, secret_hash
from taskmanager_gateway.accounts.log_in import LogInService
from taskmanager_gateway.accounts.second_factor import totp
from taskmanager_gateway.accounts.second_factor.challenges import ChallengeTexts, Purpose
from taskmanager_gateway.accounts.second_factor.relying_party import RelyingParty
from taskmanager_gateway.codes import access
from taskmanager_gateway.commands.service import Author, CommandDone, CommandPending, CommandService
from taskmanager_gateway.http.problems import FORBIDDEN, WRONG_PROOF, ProblemError

_HANDLE = "taskmanager.user-handle.1:"


@dataclass(frozen=True, slots=True)
class KeyQuestion:
    """A request to a key: options for the browser, as JSON. `challenge` comes back with the answer."""

    options: str
    challenge: str


@dataclass(frozen=True, slots=True)
class KeyAnswer:
    """The answer of a key as the browser sends it, as JSON, with the `challenge` of the question."""

    challenge: str
    answer: str


class SecurityKeys:
    """Adds, checks and removes keys; every method may raise ProblemError and StoreUnavailableError."""

    def __init__(
        self,
        party: RelyingParty | None,
        directory: Directory,
        commanding: CommandService,
        log_in: LogInService,
    ) -> None:
        """`party` is None if browsers use no keys here, for lack of HTTPS or of a fixed address."""
        self._party, self._directory = party, directory
        self._commanding, self._log_in = commanding, log_in

    @property
    def origin(self) -> str | None:
        """The origin of the pages on which browsers use keys; None if there are none."""
        return self._party.origin if self._party else None

    async def offer(self, user: User) -> KeyQuestion:
        """The request to create a key; the keys that the user has already are excluded."""
        from taskmanager_gateway.accounts.second_factor import webauthn  # noqa: PLC0415 - see above

        party, (challenge, text) = self._known_party(), await self._challenge(user, "add")
        known, handle = user.security_keys, await self._handle(user)
        options = webauthn.creation_options(party, user.name, handle, known, challenge)
        return KeyQuestion(options, text)

    async def question(self, user: User) -> KeyQuestion | None:
        """The request to sign with one of the user's keys; None without keys, or if browsers use none."""
        keys = user.security_keys
        if self._party is None or not keys:
            return None
        from taskmanager_gateway.accounts.second_factor import webauthn  # noqa: PLC0415 - see above

        challenge, text = await self._challenge(user, "enter")
        return KeyQuestion(webauthn.request_options(self._party, keys, challenge), text)

    async def add(
        self, author: Author, label: str, password: str, answer: KeyAnswer, address: str
    ) -> tuple[CommandDone | CommandPending, Sequence[str]]:
        """Accept this key as well from now on. Returns recovery codes if it is the first second factor."""
        from taskmanager_gateway.accounts.second_factor import webauthn  # noqa: PLC0415 - see above

        party = self._known_party()
        user = await self._log_in.verified(author.principal.name, password, address)
        challenge = (await self._texts()).read(answer.challenge, user.name, "add")
        made = webauthn.made_key(party, challenge.value, answer.answer) if challenge else None
        if challenge is None or made is None:
            raise ProblemError(WRONG_PROOF, access.KEY_NOT_MADE())
        codes = totp.recovery_codes_for(user)
        order = AddSecurityKey(
            name=user.name,
            key=made.id,
            label=label,
            public=made.public,
            counter=made.counter,
            challenge=challenge.digest,
            ends=challenge.ends,
            recovery=tuple(secret_hash(one) for one in codes),
        )
        result = await self._commanding.command(order, author)
        self._directory.forget()
        return result, codes

    async def remove(
        self, author: Author, key_id: str, password: str, address: str
    ) -> CommandDone | CommandPending | None:
        """Stop accepting the key; None if the user has no such key."""
        user = await self._log_in.verified(author.principal.name, password, address)
        key = user.second_factor.key(key_id) if user.second_factor else None
        if key is None:
            return None
        order = RemoveSecurityKey(name=user.name, key=key.id, label=key.name)
        result = await self._commanding.command(order, author)
        self._directory.forget()
        return result

    async def use(self, user: User, answer: KeyAnswer) -> UseSecurityKey | None:
        """The use of the key to record; None if the answer is wrong."""
        challenge = (await self._texts()).read(answer.challenge, user.name, "enter")
        if self._party is None or challenge is None:
            return None
        from taskmanager_gateway.accounts.second_factor import webauthn  # noqa: PLC0415 - see above

        signed = webauthn.signing_key(self._party, challenge.value, user.security_keys, answer.answer)
        if signed is None:
            return None
        key, counter = signed
        return UseSecurityKey(
            name=user.name,
            key=key.id,
            label=key.name,
            counter=counter,
            challenge=challenge.digest,
            ends=challenge.ends,
        )

    def _known_party(self) -> RelyingParty:
        if self._party is None:
            raise ProblemError(FORBIDDEN, access.NO_KEYS_HERE())
        return self._party

    async def _challenge(self, user: User, purpose: Purpose) -> tuple[bytes, str]:
        return (await self._texts()).new(user.name, purpose)

    async def _texts(self) -> ChallengeTexts:
        return ChallengeTexts(await self._directory.session_key())

    async def _handle(self, user: User) -> bytes:
        """The user handle: tells accounts apart, names nobody (WebAuthn Level 2, section 14.6.1)."""
        key = await self._directory.second_factor_key()
        return hmac.digest(key, f"{_HANDLE}{user_key(user.name)}".encode(), "sha256")
