"""Rules of notifications, for the API and the pages alike."""

from collections.abc import Sequence

from taskmanager.channels.settings import NotificationSettings
from taskmanager.messages import RemoveRule, SetRule, TryRule
from taskmanager.model.access import Principal, Right
from taskmanager.model.notifications.deliveries import Delivery
from taskmanager.model.notifications.rules import RULES_MOST, Rule, RuleTerms
from taskmanager.ports.readers import JobReader
from taskmanager_gateway.access.plugin_scope import allow, allow_all, allow_right
from taskmanager_gateway.codes import access, problems
from taskmanager_gateway.commands.service import Author, CommandDone, CommandPending, CommandService
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.problems import (
    INVALID_REQUEST,
    NOT_POSSIBLE,
    UNKNOWN_RULE,
    FieldError,
    ProblemError,
    field_problem,
)

DELIVERIES_SHOWN = 20
WAITING_MOST = 1_000
"""How far waiting events are counted."""


class NotificationService:
    """Callers see and change rules about plugins within their reach; methods raise StoreUnavailableError."""

    def __init__(self, reader: JobReader, commanding: CommandService, settings: NotificationSettings) -> None:
        """`settings` has the channels."""
        self._reader, self._commanding, self.settings = reader, commanding, settings

    async def all(self, who: Principal) -> Sequence[Rule]:
        """The rules within reach, by name."""
        allow_right(who, Right.NOTIFY)
        found = [rule for rule in await from_store(self._reader.notification_rules()) if within(who, rule)]
        return sorted(found, key=lambda rule: (rule.name.casefold(), rule.id))

    async def find(self, rule_id: str, who: Principal) -> Rule:
        """The rule; raises ProblemError if there is none within reach."""
        found = next((rule for rule in await self.all(who) if rule.id == rule_id), None)
        if found is None:
            raise ProblemError(UNKNOWN_RULE, problems.NO_RULE(rule=rule_id[:80]))
        return found

    async def deliveries(self, rule: Rule) -> Sequence[Delivery]:
        """Its last messages, the newest first."""
        return await from_store(self._reader.deliveries(rule.id, DELIVERIES_SHOWN))

    async def waiting(self, rule: Rule) -> int:
        """How many events wait for their message, counted up to a limit."""
        return await from_store(self._reader.notices_waiting(rule.id, WAITING_MOST))

    async def keep(self, rule_id: str, terms: RuleTerms, author: Author) -> CommandDone | CommandPending:
        """Make the rule, or change it; raises ProblemError if it cannot be, or is out of reach."""
        _allow(author.principal, terms)
        known = await from_store(self._reader.notification_rules())
        before = next((rule for rule in known if rule.id == rule_id), None)
        if before is not None:
            _allow(author.principal, before)
        elif len(known) >= RULES_MOST:
            raise ProblemError(NOT_POSSIBLE, problems.TOO_MANY_RULES(limit=RULES_MOST))
        if misfit := self.settings.misfit(terms):
            raise field_problem(INVALID_REQUEST, [FieldError.of_text("channel", misfit)])
        return await self._commanding.command(SetRule(rule=rule_id, terms=terms), author)

    async def remove(self, rule_id: str, author: Author) -> CommandDone | CommandPending:
        """Remove the rule and what it has not sent."""
        rule = await self.find(rule_id, author.principal)
        return await self._commanding.command(RemoveRule(rule=rule.id, name=rule.name), author)

    async def send_test(self, rule_id: str, author: Author) -> CommandDone | CommandPending:
        """Send a message by the rule now."""
        rule = await self.find(rule_id, author.principal)
        return await self._commanding.command(TryRule(rule=rule.id, name=rule.name), author)


def within(who: Principal, terms: RuleTerms) -> bool:
    """Whether all that the rule may tell of is within the caller's reach."""
    return who.unrestricted or (terms.plugins is not None and all(map(who.sees, terms.plugins)))


def _allow(who: Principal, terms: RuleTerms) -> None:
    allow_right(who, Right.NOTIFY)
    if terms.plugins is None:
        allow_all(who, access.RULE_OF_ALL())
    for plugin in terms.plugins or ():
        allow(who, plugin)
