"""From a text to a request: what a webhook, Matrix and Teams are sent. Pure."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from taskmanager.channels.kinds import HttpChannel, MatrixChannel, TeamsChannel, WebhookChannel
from taskmanager.model.notifications.deliveries import Delivery
from taskmanager.model.notifications.rules import Rule
from taskmanager_scheduler.notifications.words import Text

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What is sent; the address of a Teams channel is itself a secret."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


def request_of(
    channel: HttpChannel, secret: str, delivery: Delivery, rule: Rule, text: Text, now: datetime
) -> HttpRequest:
    """The request for a channel; a repeated one has the same id, so that its receiver can tell."""
    match channel:
        case WebhookChannel():
            return _webhook(channel, secret, delivery, rule, text, now)
        case MatrixChannel():
            return _matrix(channel, secret, delivery, text)
        case TeamsChannel():
            return HttpRequest("POST", secret, {"Content-Type": JSON}, _bytes(_card(text)))


def signature(secret: str, delivery: str, timestamp: int, body: bytes) -> str:
    """Of a webhook: HMAC-SHA256 over id, time and body, as Standard Webhooks writes it."""
    signed = f"{delivery}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(secret.encode(), signed, hashlib.sha256)).decode()}"


def _webhook(
    channel: WebhookChannel, secret: str, delivery: Delivery, rule: Rule, text: Text, now: datetime
) -> HttpRequest:
    told = [
        {**line.event.model_dump(mode="json"), "text": line.text, "link": line.link} for line in text.lines
    ]
    body = _bytes(
        {
            "id": delivery.id,
            "created": delivery.created.isoformat(),
            "rule": {"id": rule.id, "name": rule.name},
            "subject": text.subject,
            "count": len(delivery.events),
            "events": told,
        }
    )
    timestamp = int(now.timestamp())
    headers = {
        "Content-Type": JSON,
        "webhook-id": delivery.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, delivery.id, timestamp, body),
    }
    return HttpRequest("POST", channel.url, headers, body)


def _matrix(channel: MatrixChannel, token: str, delivery: Delivery, text: Text) -> HttpRequest:
    """The homeserver takes a request with the id of an earlier one for the same message."""
    path = f"/_matrix/client/v3/rooms/{quote(channel.room, safe='')}/send/m.room.message/{quote(delivery.id)}"
    headers = {"Content-Type": JSON, "Authorization": f"Bearer {token}"}
    content = {"msgtype": "m.notice", "body": f"{text.subject}\n{text.plain}"}
    return HttpRequest("PUT", channel.url.rstrip("/") + path, headers, _bytes(content))


def _card(text: Text) -> dict[str, Any]:
    """An adaptive card. Its texts know Markdown, so what is quoted is kept from becoming any."""
    blocks: list[dict[str, Any]] = [_block(text.subject, weight="Bolder", size="Medium")]
    for line in text.listed:
        blocks.append(_block(line.text))
        if line.link is not None:
            blocks.append({"type": "TextBlock", "wrap": True, "text": f"[{line.link}]({line.link})"})
    blocks += [_block(line, isSubtle=True) for line in text.end]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks,
    }
    content = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [content]}


def _block(words: str, **style: Any) -> dict[str, Any]:
    plain = "".join(f"\\{one}" if one in "\\`*_[]()#~<>!" else one for one in words)
    return {"type": "TextBlock", "wrap": True, "text": plain, **style}


def _bytes(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
