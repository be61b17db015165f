"""Manifests and collections of IIIF Presentation 2 and 3: which image each page has. Requests nothing.

Sources: the IIIF Presentation API 2.1 and 3.0, and the IIIF Image API 1.1, 2.1 and 3.0 for the addresses.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.download import texts
from taskmanager_plugin_runner.plugins.download.sources.remote import RemoteFile

Image = Literal["service", "resource"]
_MANIFESTS: Final = frozenset({"Manifest", "sc:Manifest"})
_COLLECTIONS: Final = frozenset({"Collection", "sc:Collection"})
_FULL_SIZE: Final = {1: "full/full/0/native.jpg", 2: "full/full/0/default.jpg", 3: "full/max/0/default.jpg"}
"""The whole picture at full size, by version of the Image API."""
_LABEL_MOST: Final = 80


@dataclass(frozen=True, slots=True)
class Collection:
    """A work of several volumes: the addresses of their manifests, in order."""

    manifests: tuple[str, ...]


def read(document: Any, url: str, image: Image) -> Collection | tuple[RemoteFile, ...]:
    """The pages of a manifest in order, or the members of a collection.

    Raises JobFailedError if the document is neither, or names the page that has no image.
    """
    if not isinstance(document, Mapping):
        raise JobFailedError(texts.NOT_A_MANIFEST(url=url))
    kind = _kind(document)
    if kind in _COLLECTIONS:
        return Collection(tuple(_members(document)))
    if kind not in _MANIFESTS:
        raise JobFailedError(texts.NOT_A_MANIFEST(url=url))
    pages = tuple(
        _page(canvas, number, url, image) for number, canvas in enumerate(_canvases(document), start=1)
    )
    if not pages:
        raise JobFailedError(texts.NO_PAGES(name=url))
    return pages


def _kind(thing: Mapping[str, Any]) -> str:
    return str(thing.get("type") or thing.get("@type") or "")


def _id(thing: Mapping[str, Any]) -> str:
    return str(thing.get("id") or thing.get("@id") or "")


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """The objects of a list, or the object itself: IIIF 2 allows both."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, Mapping):
            yield one


def _members(document: Mapping[str, Any]) -> Iterator[str]:
    for key in ("items", "members", "collections", "manifests"):
        for one in _objects(document.get(key)):
            if _kind(one) in _MANIFESTS | _COLLECTIONS and _id(one):
                yield _id(one)


def _canvases(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Of a manifest of version 3, or of the first sequence of version 2, which is the order of the book."""
    if "items" in document:
        yield from _objects(document["items"])
        return
    for sequence in _objects(document.get("sequences")):
        yield from _objects(sequence.get("canvases"))
        return


def _page(canvas: Mapping[str, Any], number: int, url: str, image: Image) -> RemoteFile:
    label = _label(canvas.get("label"))
    for resource in _resources(canvas):
        if address := _address(resource, image):
            return RemoteFile(url=address, name=f"{number}", label=label, pixels=_pixels(resource))
    raise JobFailedError(texts.NO_IMAGE(number=number, label=label or "-", url=url))


def _resources(canvas: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What is painted onto a page; of alternatives the first, which is the one preferred."""
    for annotation_page in _objects(canvas.get("items")):
        for annotation in _objects(annotation_page.get("items")):
            for body in _objects(annotation.get("body")):
                choices = _objects(body.get("items")) if _kind(body) == "Choice" else iter([body])
                yield from (one for one in map(_whole, choices) if _kind(one) == "Image")
    for annotation in _objects(canvas.get("images")):
        for resource in _objects(annotation.get("resource")):
            yield from _objects(resource["default"] if _kind(resource) == "oa:Choice" else resource)


def _whole(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The image that a part of one (a specific resource) is taken of: pages are wanted whole."""
    source = body.get("source")
    return source if _kind(body) == "SpecificResource" and isinstance(source, Mapping) else body


def _address(resource: Mapping[str, Any], image: Image) -> str:
    if image == "service":
        for service in _objects(resource.get("service")):
            version = _version(service)
            if version and _id(service):
                return f"{_id(service).rstrip('/')}/{_FULL_SIZE[version]}"
    return _id(resource)


def _version(service: Mapping[str, Any]) -> int | None:
    """Of the Image API that a service speaks; None if it is another service."""
    said = " ".join(_texts([service.get("@context"), service.get("profile"), _kind(service)]))
    for version in (3, 2, 1):
        if f"/image/{version}" in said or f"ImageService{version}" in said:
            return version
    return 1 if "image-api" in said else None


def _texts(values: Sequence[Any]) -> Iterator[str]:
    for one in values:
        if isinstance(one, str):
            yield one
        elif isinstance(one, list):
            yield from _texts(one)


def _pixels(resource: Mapping[str, Any]) -> tuple[int, int] | None:
    width, height = resource.get("width"), resource.get("height")
    if isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0:
        return width, height
    return None


def _label(value: Any) -> str:
    """A label of version 2 (a text, an object or a list of them) or 3 (lists of texts by language)."""
    if isinstance(value, Mapping):
        value = value.get("@value") or next(iter(value.values()), "")
    if isinstance(value, list):
        return _label(value[0]) if value else ""
    return str(value or "")[:_LABEL_MOST]
