"""A dead letter as operators see it, and as it goes back to its inbox. Pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from taskmanager.errors import InvalidMessageError
from taskmanager.messages import Redelivered, decode_inbox
from taskmanager.model.registry import TEXT_LIMIT, DeadLetter
from taskmanager.ports.broker import FoundLetter
from taskmanager_scheduler.inbox.senders import NotBelievedError, Senders

ID_DIGITS = 32


def opened(found: FoundLetter) -> FoundLetter:
    """The letter as it was first published, however often it was sent back since."""
    try:
        message = decode_inbox(found.body)
    except InvalidMessageError:
        return found
    if not isinstance(message, Redelivered):
        return found
    return opened(replace(found, body=message.content, key=message.key, user=message.user))


def letter_of(found: FoundLetter, senders: Mapping[str, Senders]) -> DeadLetter:
    """What is shown of an opened letter; `senders` says for each inbox whom it believes."""
    origin = f"{found.queue}\n{found.key}\n{found.user or ''}\n"
    text = found.body.decode(errors="replace")
    kind, objection = _judged(found, senders)
    return DeadLetter(
        id=hashlib.sha256(origin.encode() + found.body).hexdigest()[:ID_DIGITS],
        queue=found.queue,
        cause=found.cause,
        died=found.died,
        key=found.key,
        user=found.user,
        kind=kind,
        objection=objection,
        bytes=len(found.body),
        sha256=hashlib.sha256(found.body).hexdigest(),
        text=text[:TEXT_LIMIT],
    )


def _judged(found: FoundLetter, senders: Mapping[str, Senders]) -> tuple[str | None, str | None]:
    """The type of the message, and why it would be refused again."""
    try:
        kind = decode_inbox(found.body).type
    except InvalidMessageError as error:
        return None, str(error)
    inbox = senders.get(found.queue)
    if inbox is None:
        return kind, f"{found.queue or 'no queue'} is no inbox of this installation"
    try:
        inbox.read(found.body, found.key, found.user)
    except NotBelievedError as error:
        return kind, str(error)
    return kind, None
