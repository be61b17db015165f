"""Rules, notices and messages between values and documents; and what a command writes of them."""

from pymongo.asynchronous.client_session import AsyncClientSession

from taskmanager.model.notifications.deliveries import Delivery, Notice
from taskmanager.model.notifications.rules import Rule
from taskmanager.mongo.base.client import Database, Document, without_key
from taskmanager.mongo.base.statements import Statement, add_or_change, update
from taskmanager.ports.store import Plan

RULES, NOTICES, DELIVERIES, STATE = (
    "notification_rules",
    "notices",
    "notification_deliveries",
    "notification_state",
)
COLLECTIONS = (RULES, NOTICES, DELIVERIES, STATE)


def rule_document(rule: Rule) -> Document:
    """All fields except the id; times of day as text, which MongoDB has no type for."""
    return rule.model_dump(mode="json", exclude={"id"})


def rule_of(document: Document) -> Rule:
    """The rule behind a document."""
    return Rule.model_validate({"id": document["_id"], **without_key(document)})


def notice_document(notice: Notice) -> Document:
    """All fields except the id."""
    return {"rule": notice.rule, "event": notice.event.model_dump(mode="json"), "due": notice.due}


def notice_of(document: Document) -> Notice:
    """The notice behind a document."""
    fields = {name: document[name] for name in ("rule", "event", "due")}
    return Notice.model_validate({"id": document["_id"], **fields})


def delivery_document(delivery: Delivery) -> Document:
    """All fields except the id."""
    plain = delivery.model_dump(mode="json", include={"rule", "events", "state", "last_answer"})
    rest = {name: getattr(delivery, name) for name in ("created", "attempts", "next_try", "ended", "rev")}
    return plain | rest


def delivery_of(document: Document) -> Delivery:
    """The message behind a document."""
    return Delivery.model_validate({"id": document["_id"], **without_key(document)})


def notice_statement(notice: Notice) -> Statement:
    """Keep it once; repeating it changes nothing."""
    return add_or_change(notice.id, {"$setOnInsert": notice_document(notice)})


async def write_rules(database: Database, session: AsyncClientSession, plan: Plan) -> None:
    """Part of a transaction. What a rule had not sent yet goes when it is removed, or turned off."""
    kept = [add_or_change(rule.id, {"$set": rule_document(rule)}) for rule in plan.rules]
    await update(database, session, RULES, kept)
    await update(database, session, NOTICES, [notice_statement(notice) for notice in plan.notices])
    if off := [rule.id for rule in plan.rules if not rule.on]:
        await database[NOTICES].delete_many({"rule": {"$in": off}}, session=session)
    if plan.removed_rules:
        gone = {"$in": list(plan.removed_rules)}
        await database[RULES].delete_many({"_id": gone}, session=session)
        await database[NOTICES].delete_many({"rule": gone}, session=session)
        await database[DELIVERIES].delete_many({"rule": gone}, session=session)
