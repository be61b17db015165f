"""The request bodies of commands about Goobi."""

from typing import Annotated

from pydantic import AfterValidator, Field

from taskmanager.model.jobs import InstallationName
from taskmanager.model.log_types import LogType
from taskmanager.model.reports import MESSAGE_LIMIT, OperatorMessage
from taskmanager_gateway.http.command_bodies import ReasonBody, readable


class MessageBody(ReasonBody):
    """A message to Goobi's users. `important` is highlighted where Goobi's interface supports it."""

    type: LogType = LogType.INFO
    text: Annotated[str, Field(min_length=1, max_length=MESSAGE_LIMIT), AfterValidator(readable)]

    @property
    def message(self) -> OperatorMessage:
        """The message as it is stored."""
        return OperatorMessage(type=self.type, text=self.text)


class ReplayBody(ReasonBody):
    """The installation whose undelivered reports are to be replayed."""

    installation: InstallationName
