"""The body of a request that keeps a rule."""

from taskmanager.model.notifications.rules import RuleTerms
from taskmanager_gateway.http.command_bodies import ReasonBody


class RuleBody(ReasonBody, RuleTerms):
    """The whole rule: what is left out has its default, also when a rule is changed."""

    @property
    def terms(self) -> RuleTerms:
        """What people choose, without the reason."""
        return RuleTerms(**{name: getattr(self, name) for name in RuleTerms.model_fields})
