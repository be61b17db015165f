"""From the items that a job names to the files that belong to them."""

from dataclasses import replace
from typing import Any, Final

from pydantic_core import from_json

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.download import texts
from taskmanager_plugin_runner.plugins.download.profile import Profile
from taskmanager_plugin_runner.plugins.download.sources import iiif, internet_archive
from taskmanager_plugin_runner.plugins.download.sources.remote import RemoteFile, Wanted
from taskmanager_plugin_runner.plugins.download.transfer.fetching import Fetcher

DOCUMENT_BYTES_MOST: Final = 64 * 1024 * 1024
_DEPTH_MOST: Final = 4
"""Collections within collections."""


def wanted(items: tuple[str, ...], profile: Profile, fetcher: Fetcher) -> Wanted:
    """The files of all items, by volume if there are several; raises JobFailedError and TemporaryError."""
    books = [book for item in items for book in _books(item, profile, fetcher)]
    if len(books) > 1:
        books = [_in_volume(book, number) for number, book in enumerate(books, start=1)]
    together = Wanted(
        tuple(page for book in books for page in book.pages),
        tuple(other for book in books for other in book.others),
        books[0].count if len(books) == 1 else None,
    )
    if len(together.pages) + len(together.others) > profile.files_most:
        raise JobFailedError(texts.TOO_MANY(name=", ".join(items[:3]), most=profile.files_most))
    return together


def _books(item: str, profile: Profile, fetcher: Fetcher) -> list[Wanted]:
    identifier = internet_archive.identifier_of(item, profile.archive)
    if identifier is not None:
        url = internet_archive.metadata_url(profile.archive, identifier)
        document = _document(url, fetcher)
        return _by_volume(internet_archive.read(document, identifier, profile))
    if not item.startswith(("http://", "https://")):
        raise JobFailedError(texts.BAD_ITEM(item=repr(item)))
    manifests = _manifests(item, profile, fetcher, 0)
    if not manifests:
        raise JobFailedError(texts.NO_PAGES(name=item))
    return manifests


def _by_volume(found: Wanted) -> list[Wanted]:
    """Several containers of one item are volumes; its single pictures are one book."""
    if len(found.pages) > 1 and all(page.container for page in found.pages):
        volumes = [Wanted((page,)) for page in found.pages]
        return [replace(volumes[0], others=found.others), *volumes[1:]]
    return [found]


def _manifests(url: str, profile: Profile, fetcher: Fetcher, depth: int) -> list[Wanted]:
    read = iiif.read(_document(url, fetcher), url, profile.image)
    if not isinstance(read, iiif.Collection):
        return [Wanted(read)]
    if depth == _DEPTH_MOST or len(read.manifests) > profile.files_most:
        raise JobFailedError(texts.TOO_MANY(name=url, most=profile.files_most))
    return [one for address in read.manifests for one in _manifests(address, profile, fetcher, depth + 1)]


def _document(url: str, fetcher: Fetcher) -> Any:
    try:
        return from_json(fetcher.document(url, DOCUMENT_BYTES_MOST))
    except ValueError as error:
        raise JobFailedError(texts.NOT_READABLE(url=url, error=error)) from error


def _in_volume(book: Wanted, number: int) -> Wanted:
    def numbered(files: tuple[RemoteFile, ...]) -> tuple[RemoteFile, ...]:
        return tuple(replace(one, volume=number) for one in files)

    return Wanted(numbered(book.pages), numbered(book.others))
