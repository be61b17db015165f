"""Operators' orders about notifications."""

from typing import Literal

from taskmanager.model.jobs import Record
from taskmanager.model.notifications.rules import RuleId, RuleTerms


class SetRule(Record):
    """Keep this rule; one with the same id is replaced."""

    type: Literal["set_rule"] = "set_rule"
    rule: RuleId
    terms: RuleTerms
    action: Literal["set_rule"] = "set_rule"


class RemoveRule(Record):
    """Remove the rule, with all it has not sent yet."""

    type: Literal["remove_rule"] = "remove_rule"
    rule: RuleId
    name: str = ""
    """For the audit."""
    action: Literal["remove_rule"] = "remove_rule"


class TryRule(Record):
    """Send a message by this rule now."""

    type: Literal["try_rule"] = "try_rule"
    rule: RuleId
    name: str = ""
    """For the audit."""
    action: Literal["try_rule"] = "try_rule"


NotificationOrder = SetRule | RemoveRule | TryRule
