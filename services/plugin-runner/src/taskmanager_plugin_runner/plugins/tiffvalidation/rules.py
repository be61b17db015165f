"""What a profile has against an image: pure decisions."""

from collections.abc import Iterable, Iterator

from taskmanager_plugin_runner.plugins.tiffvalidation import texts
from taskmanager_plugin_runner.plugins.tiffvalidation.profile import Profile
from taskmanager_plugin_runner.plugins.tiffvalidation.tags import ImageTags

RESOLUTION_TOLERANCE = 0.01
"""Dots per inch: writers round what they convert from dots per centimetre."""


def faults_of_file(profile: Profile, pages: int, *, little: bool, big: bool) -> Iterator[str]:
    """What the profile has against the file as a whole."""
    order = "little" if little else "big"
    if profile.byte_order and order not in profile.byte_order:
        yield texts.BYTE_ORDER(found=order, wanted=_listed(profile.byte_order))
    if big and not profile.big_tiff:
        yield texts.BIG_TIFF()
    if profile.pages and not profile.pages[0] <= pages <= profile.pages[1]:
        yield texts.PAGES(found=pages, least=profile.pages[0], most=profile.pages[1])


def faults_of_image(profile: Profile, image: ImageTags) -> Iterator[str]:
    """What the profile has against one image."""
    if profile.compression and image.compression_name not in profile.compression:
        yield texts.COMPRESSION(found=image.compression_name, wanted=_listed(profile.compression))
    if profile.photometric and image.photometric_name not in profile.photometric:
        yield texts.PHOTOMETRIC(found=image.photometric_name, wanted=_listed(profile.photometric))
    if profile.bits and not set(image.bits) <= set(profile.bits):
        yield texts.BITS(found=_listed(sorted(set(image.bits))), wanted=_listed(profile.bits))
    if profile.orientation and image.orientation not in profile.orientation:
        yield texts.ORIENTATION(found=image.orientation, wanted=_listed(profile.orientation))
    yield from _resolution(profile, image)
    yield from _icc(profile, image)
    for tag in sorted(image.present & set(profile.forbidden_tags)):
        yield texts.TAG_FORBIDDEN(tag=tag)
    for tag in sorted(set(profile.required_tags) - image.present):
        yield texts.TAG_REQUIRED(tag=tag)


def _resolution(profile: Profile, image: ImageTags) -> Iterator[str]:
    if profile.resolution is None:
        return
    if image.dots_per_inch is None:
        yield texts.RESOLUTION_MISSING()
        return
    least, most = profile.resolution
    low, high = least - RESOLUTION_TOLERANCE, most + RESOLUTION_TOLERANCE
    if not all(low <= value <= high for value in image.dots_per_inch):
        found = _listed(f"{value:g}" for value in dict.fromkeys(image.dots_per_inch))
        yield texts.RESOLUTION(found=found, least=f"{least:g}", most=f"{most:g}")


def _icc(profile: Profile, image: ImageTags) -> Iterator[str]:
    if profile.icc == "required" and image.icc_name is None:
        yield texts.ICC_MISSING()
    elif profile.icc == "forbidden" and image.icc_name is not None:
        yield texts.ICC_PRESENT(found=image.icc_name)
    elif profile.icc_names and image.icc_name is not None and image.icc_name not in profile.icc_names:
        yield texts.ICC_OTHER(found=image.icc_name, wanted=_listed(profile.icc_names))


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))
