"""RabbitMQ's management API: how it describes its queues, with the policies in force.

Policies are not visible over AMQP. The plugin `rabbitmq_management` serves this API to users with the tag
`monitoring`.
"""

from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx

from taskmanager.accounts.broker_addresses import addresses
from taskmanager.errors import TemporaryError
from taskmanager_scheduler.broker.dangers import BrokerQueue

ANSWER_SECONDS = 10.0
COLUMNS = "name,arguments,effective_policy_definition,policy,operator_policy"


class ManagementError(TemporaryError):
    """There was no usable answer; the text contains no password."""


class Management:
    """Queries one node, which answers for the cluster."""

    def __init__(self, url: str, amqp_url: str) -> None:
        """`url`: `http(s)://user:password@host:port`; the virtual host is the one in `AMQP_URL`."""
        parts = urlsplit(url)
        place = parts.netloc.rpartition("@")[2]
        self._address = f"{parts.scheme}://{place}{parts.path.rstrip('/')}"
        self._login = (unquote(parts.username or ""), unquote(parts.password or ""))
        virtual_host = unquote(urlsplit(addresses(amqp_url)[0]).path.removeprefix("/")) or "/"
        self._path = f"/api/queues/{quote(virtual_host, safe='')}"

    async def queues(self) -> list[BrokerQueue]:
        """All queues of the virtual host; raises ManagementError."""
        client = httpx.AsyncClient(base_url=self._address, auth=self._login, timeout=ANSWER_SECONDS)
        try:
            async with client:
                answer = await client.get(self._path, params={"columns": COLUMNS})
            answer.raise_for_status()
            return [_queue(found) for found in answer.json()]
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
            message = f"RabbitMQ's management API at {self._address} gives no list of queues: {error!r}"
            raise ManagementError(message) from error


def _queue(found: dict[str, Any]) -> BrokerQueue:
    kinds = {"policy": "policy", "operator_policy": "operator policy"}
    return BrokerQueue(
        found["name"],
        dict(found.get("arguments") or {}),
        dict(found.get("effective_policy_definition") or {}),
        [f"{kind} {found[field]!r}" for field, kind in kinds.items() if found.get(field)],
    )
