"""The TOML file about notifications (`TASKMANAGER_NOTIFICATIONS`), the same for scheduler and gateways."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from taskmanager.channels.kinds import Channel, MailChannel, checked_address
from taskmanager.errors import PermanentError
from taskmanager.files.toml_settings import document_of, parsed
from taskmanager.model.jobs import Record
from taskmanager.model.notifications.rules import ChannelName, RuleTerms


class NotificationSettingsError(PermanentError):
    """The file cannot be used; one line for each error, naming table and key."""


class NotificationSettings(Record):
    """The whole file. Without one there are no channels, and nothing is sent."""

    pages: Annotated[str, AfterValidator(checked_address)] | None = None
    """Where people reach the pages; with it, messages have links."""
    channels: dict[ChannelName, Channel] = Field(default_factory=dict)

    def misfit(self, terms: RuleTerms) -> str | None:
        """Why this rule cannot be delivered by the channel it names, or None."""
        channel = self.channels.get(terms.channel)
        if channel is None:
            known = ", ".join(self.channels) or "none"
            return f"there is no channel {terms.channel!r} in TASKMANAGER_NOTIFICATIONS (known: {known})"
        if not isinstance(channel, MailChannel):
            return "only mail has recipients" if terms.recipients else None
        if not terms.recipients:
            return "mail needs a recipient"
        outside = next((one for one in terms.recipients if not channel.allows(one)), None)
        within = ", ".join(channel.recipients_within)
        return None if outside is None else f"{outside} is not within {within}"

    def link(self, path: str) -> str | None:
        """The whole address of a page."""
        return None if self.pages is None else f"{self.pages.rstrip('/')}{path}"


def load(path: Path | None) -> NotificationSettings:
    """The settings in a file; empty settings without one. Raises NotificationSettingsError."""
    if path is None:
        return NotificationSettings()
    return parse(document_of(path, NotificationSettingsError), str(path))


def parse(document: Mapping[str, object], name: str) -> NotificationSettings:
    """The settings in a document; `name` begins every line of a NotificationSettingsError."""
    return parsed(NotificationSettings, document, name, NotificationSettingsError)
