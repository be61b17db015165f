"""Sends a rule's messages: bundles what is due, tries, waits longer after each failure, gives up at last."""

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from taskmanager.channels.kinds import Channel, MailChannel, TeamsChannel, WebhookChannel
from taskmanager.channels.settings import NotificationSettings
from taskmanager.errors import TemporaryError
from taskmanager.goobi.secrets import SecretFile
from taskmanager.model.notifications.deliveries import (
    A_MINUTE_MOST,
    BUNDLED_MOST,
    GIVE_UP_AFTER,
    MINUTE,
    Delivery,
    DeliveryState,
    bundle,
)
from taskmanager.model.notifications.rules import Rule
from taskmanager.ports.clock import Clock
from taskmanager.ports.notification_store import NotificationStore
from taskmanager.process.failpoints import Failpoint, failpoint
from taskmanager.process.logs import get_logger
from taskmanager_scheduler.background.waits import wait_after
from taskmanager_scheduler.metrics import NOTIFICATIONS
from taskmanager_scheduler.notifications.words import text_of

LONGEST_WAIT = timedelta(minutes=15)
ANSWER_KEPT = 500

log = get_logger(__name__)


class Post(Protocol):
    """Sends one message by one channel."""

    async def __call__(self, channel: Channel, delivery: Delivery, rule: Rule) -> str:
        """The answer in short; raises TemporaryError if it is not known to have been accepted."""


class Sender:
    """Sends for all rules, one message of a rule at a time."""

    def __init__(
        self,
        settings: NotificationSettings,
        store: NotificationStore,
        clock: Clock,
        *,
        post: Post | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`post` and `chance` are replaced in tests."""
        self._settings, self._store, self._clock = settings, store, clock
        self._post = post or Posting(settings, clock)
        self._chance = chance

    async def run_once(self, rule: Rule) -> bool:
        """Send the next message of the rule, if one is due; whether one was sent. Raises TemporaryError."""
        now = self._clock.now()
        delivery = await self._store.due(rule.id, now) or await self._bundled(rule)
        if delivery is None:
            return False
        try:
            answer, state = await self._sent(rule, delivery), DeliveryState.DELIVERED
        except TemporaryError as error:
            answer, state = str(error), DeliveryState.PENDING
        failpoint(Failpoint.SCHEDULER_AFTER_NOTIFICATION)
        after = self._after(delivery, state, answer)
        await self._store.settle(after)
        NOTIFICATIONS.labels(_OUTCOMES[after.state]).inc()
        if after.state is DeliveryState.DELIVERED:
            log.info(
                "notification_delivered", rule=rule.id, delivery=delivery.id, events=len(delivery.events)
            )
        else:
            event = "notification_not_taken" if after.next_try else "notification_given_up"
            log.warning(event, rule=rule.id, delivery=delivery.id, attempts=after.attempts, answer=answer)
        return after.state is DeliveryState.DELIVERED

    async def _bundled(self, rule: Rule) -> Delivery | None:
        now = self._clock.now()
        waiting = await self._store.waiting(rule.id, now, BUNDLED_MOST)
        if not waiting:
            return None
        sent = await self._store.made_since(rule.id, now - MINUTE, A_MINUTE_MOST)
        made = bundle(rule, waiting, sent, now)
        return made.delivery if made is not None and await self._store.bundle(made) else None

    async def _sent(self, rule: Rule, delivery: Delivery) -> str:
        """The answer; raises TemporaryError, also for what only another rule or other settings would mend."""
        if misfit := self._settings.misfit(rule.terms):
            raise TemporaryError(misfit)
        try:
            return await self._post(self._settings.channels[rule.channel], delivery, rule)
        except TemporaryError:
            raise
        except Exception as error:
            # A defect in one message must not stop all others.
            log.exception("notification_failed", rule=rule.id, delivery=delivery.id)
            raise TemporaryError(f"a defect of the scheduler: {type(error).__name__}") from error

    def _after(self, delivery: Delivery, state: DeliveryState, answer: str) -> Delivery:
        now, attempts = self._clock.now(), delivery.attempts + 1
        wait = now + wait_after(attempts, LONGEST_WAIT, self._chance())
        if state is DeliveryState.PENDING and now - delivery.created >= GIVE_UP_AFTER:
            state = DeliveryState.GIVEN_UP
        pending = state is DeliveryState.PENDING
        return delivery.model_copy(
            update={
                "state": state,
                "attempts": attempts,
                "next_try": wait if pending else None,
                "last_answer": answer[:ANSWER_KEPT],
                "ended": None if pending else now,
                "rev": delivery.rev + 1,
            }
        )


_OUTCOMES = {
    DeliveryState.DELIVERED: "delivered",
    DeliveryState.PENDING: "failed",
    DeliveryState.GIVEN_UP: "given_up",
}


class Posting:
    """Sends by the real protocols; secrets are read when needed, and again when their file changes."""

    def __init__(self, settings: NotificationSettings, clock: Clock) -> None:
        """`settings` say where the pages are."""
        self._settings, self._clock = settings, clock
        self._secrets = {
            name: SecretFile(path)
            for name, channel in settings.channels.items()
            if (path := _secret_of(channel)) is not None
        }

    async def __call__(self, channel: Channel, delivery: Delivery, rule: Rule) -> str:
        """See `Post`."""
        from taskmanager_scheduler.notifications import dialects, mail, transport  # noqa: PLC0415 - bring httpx and more, for those who send

        secret = self._secrets[rule.channel].read() if rule.channel in self._secrets else None
        text = text_of(delivery, rule, self._settings)
        if isinstance(channel, MailChannel):
            return await mail.send(channel, secret, mail.message_of(channel, delivery, rule, text))
        request = dialects.request_of(channel, secret or "", delivery, rule, text, self._clock.now())
        return await transport.send(channel, request)


def _secret_of(channel: Channel) -> Path | None:
    match channel:
        case MailChannel():
            return channel.password_file
        case WebhookChannel():
            return channel.secret_file
        case TeamsChannel():
            return channel.url_file
        case _:
            return channel.token_file
