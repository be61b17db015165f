"""What `AMQP_URL` names: one broker, or the nodes of a cluster, which are tried in turn.

Several nodes are written as URLs separated by commas, or as hosts separated by commas within one URL, which
then share everything else: `amqp://user:password@one:5672,two:5672/%2F`.
"""

from urllib.parse import SplitResult, urlsplit

from taskmanager.errors import PermanentError

SCHEMES = {"amqp", "amqps"}
WRONG = (
    "AMQP_URL is no address of a broker: amqp://user:password@host:5672/%2F is expected, "
    "or several of them, or several hosts in one, separated by commas"
)


def addresses(text: str) -> tuple[str, ...]:
    """One URL for each node, in the order given; raises PermanentError, which does not quote them."""
    urls = _of_hosts(text) if text.count("://") == 1 else [part.strip() for part in text.split(",")]
    if not all(map(_is_address, urls)):
        raise PermanentError(WRONG)
    return tuple(urls)


def _of_hosts(text: str) -> list[str]:
    parts = urlsplit(text.strip())
    user, at, hosts = parts.netloc.rpartition("@")
    return [_with_host(parts, f"{user}{at}{host.strip()}") for host in hosts.split(",")]


def _with_host(parts: SplitResult, place: str) -> str:
    return parts._replace(netloc=place).geturl()


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # the port is not a number
        return False
    return parts.scheme in SCHEMES and bool(parts.hostname) and port != 0 and "," not in url


class Turns:
    """Which node to try next: the one that last worked, until it fails."""

    def __init__(self, text: str) -> None:
        """`text` as in `AMQP_URL`; raises PermanentError."""
        self._urls = addresses(text)
        self._place = 0

    def __len__(self) -> int:
        """How many nodes there are."""
        return len(self._urls)

    @property
    def url(self) -> str:
        """The node to try now."""
        return self._urls[self._place]

    def failed(self) -> None:
        """Move on to the next node."""
        self._place = (self._place + 1) % len(self._urls)
