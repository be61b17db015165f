"""Dead letters that operators settle: their order, and a letter on its way back to the scheduler."""

import base64
import binascii
from typing import Annotated, Literal

from pydantic import AfterValidator

from taskmanager.messages.wire import Message
from taskmanager.model.control import LetterAction
from taskmanager.model.jobs import Record, ShortText


def _base64(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        message = "not base64"
        raise ValueError(message) from error
    return text


class SettleDeadLetter(Record):
    """Do this with a dead letter, and with all its copies."""

    type: Literal["dead_letter"] = "dead_letter"
    letter: ShortText
    action: LetterAction


class Redelivered(Message):
    """A dead letter on its way back to its inbox: its routing key, broker user and body (base64).

    Only the scheduler may send it, which knows the first two from the broker. It is taken for the message in
    it, which is believed or not as when it first came.
    """

    type: Literal["redelivered"] = "redelivered"
    key: ShortText
    user: ShortText | None = None
    body: Annotated[str, AfterValidator(_base64)]

    @classmethod
    def of(cls, body: bytes, key: str, user: str | None) -> "Redelivered":
        """The message for a letter with this body."""
        return cls(key=key, user=user, body=base64.b64encode(body).decode())

    @property
    def content(self) -> bytes:
        """The letter's body."""
        return base64.b64decode(self.body)
