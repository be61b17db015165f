"""Where a download may go: pure decisions about addresses. Connects to nothing.

A name is compared with the template before a request. The numbers behind it are compared once more when the
connection is there, because a name can have other numbers a moment later (DNS rebinding).
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urljoin, urlsplit

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.download import texts

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def host_of(url: str) -> str:
    """The host of an http or https address, in lower case; raises JobFailedError for any other text."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise JobFailedError(texts.BAD_ADDRESS(url=url)) from error
    if parts.scheme not in _DEFAULT_PORTS or not host or parts.username is not None:
        raise JobFailedError(texts.BAD_ADDRESS(url=url))
    return host.lower().rstrip(".")


def matches(host: str, patterns: Iterable[str]) -> bool:
    """Whether a host is one of the names, or below one that begins with `*.`."""
    return any(host.endswith(one[1:]) if one.startswith("*.") else host == one for one in patterns)


def require_allowed(url: str, hosts: Iterable[str]) -> str:
    """The host of an address; raises JobFailedError if requests may not go there."""
    host = host_of(url)
    if not matches(host, hosts):
        raise JobFailedError(texts.HOST_REFUSED(host=host, url=url))
    return host


def redirected(url: str, location: str) -> str:
    """Where an answer leads; raises JobFailedError if it leads from https to http."""
    target = urljoin(url, location)
    host_of(target)
    if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
        raise JobFailedError(texts.DOWNGRADE(url=url))
    return target
