"""Compares a result with what it should be and says in words what is wrong. Knows no plugin."""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from PIL import Image
from tests.images import colours
from tests.images.oracle import Right
from tests.images.pictures import Array
from tests.images.results import Result

_BLOCK: Final = 6
_NEAR: Final = 0.62
"""If a changed picture fits better by this factor, the result has that change."""
_NOISE: Final = 0.8
_UNLIKE: Final = 30.0
_RESOLUTION_MAX: Final = 0.01
_QUALITY: Final = 78
_MIDDLE: Final = 600
_REDUCED: Final = 5.0


class Verdict(StrEnum):
    """The outcome for a file.

    MISSED: refused though it should have been done. UNCOMPARED: done, but no other reader reads the file.
    """

    RIGHT = "right"
    REFUSED = "refused"
    MISSED = "missed"
    WRONG = "wrong"
    UNCOMPARED = "not compared"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and its reason."""

    verdict: Verdict
    why: str = ""

    def __str__(self) -> str:
        return f"{self.verdict}: {self.why}" if self.why else str(self.verdict)


def faults(result: Result, right: Right, *, jpeg: bool) -> list[str]:
    """Everything that is wrong with a result, the picture first; empty if it is right."""
    found = _picture_faults(result, right, jpeg=jpeg)
    if result.orientation != 1:
        found.append(f"it is to be turned again (orientation {result.orientation})")
    found += _profile_faults(result, right) + _resolution_faults(result, right)
    return found


def _picture_faults(result: Result, right: Right, *, jpeg: bool) -> list[str]:
    wanted, shape = right.pixels.shape, result.samples.shape
    found = []
    if right.bits is not None and result.bits != right.bits:
        found.append(f"{result.bits} bits instead of {right.bits}")
    if shape[2] != wanted[2]:
        found.append(f"{shape[2]} components instead of {wanted[2]}")
    elif (result.alpha is None) != (right.alpha is None):
        found.append(f"alpha is {result.alpha} instead of {right.alpha}")
    expected = _scaled(right, shape)
    if expected is None:
        found.append(f"{shape[1]} x {shape[0]} instead of {wanted[1]} x {wanted[0]}")
    return found if found or expected is None else _colour_faults(result, right, expected, jpeg=jpeg)


def _colour_faults(result: Result, right: Right, expected: Array, *, jpeg: bool) -> list[str]:
    seen = result.samples / (2**result.bits - 1)
    if right.alpha == "associated" and result.alpha == "unassociated":
        seen = np.concatenate([seen[..., :-1] * seen[..., -1:], seen[..., -1:]], axis=-1)
        return pixel_faults(seen, expected, right.tolerance + 1.5)
    if right.tolerance == 0 and not jpeg:
        return _exact_faults(result, expected, right.slack)
    lost = _lost_by_jpeg(expected) if jpeg else (0.0, 0.0)
    reduced = _REDUCED if expected.shape != right.pixels.shape else 0.0
    return pixel_faults(seen, expected, right.tolerance + reduced, lost)


def _scaled(right: Right, shape: tuple[int, ...]) -> Array | None:
    """The expected picture, reduced if the target asks for that; None if the result's size is wrong."""
    height, width = right.pixels.shape[:2]
    factor = 1.0 if right.size is None else min(1.0, right.size / max(height, width))
    if factor == 1:
        return right.pixels if shape[:2] == (height, width) else None
    wanted = (height * factor, width * factor)
    if max(shape[:2]) != right.size or any(abs(a - b) > 1 for a, b in zip(shape, wanted, strict=False)):
        return None
    planes = [
        Image.fromarray((right.pixels[..., one] * 255).astype(np.float32)).resize(
            (shape[1], shape[0]), Image.Resampling.BOX
        )
        for one in range(right.pixels.shape[2])
    ]
    return np.stack([np.asarray(plane) for plane in planes], axis=-1) / 255


def _exact_faults(result: Result, expected: Array, slack: int) -> list[str]:
    wanted = np.rint(expected * (2**result.bits - 1)).astype(np.int64)
    difference = np.abs(result.samples - wanted).max(axis=-1)
    different, worst = difference > slack, int(difference.max())
    if not different.any():
        return []
    name = _likeness(result.samples / (2**result.bits - 1), expected) or "other samples"
    return [f"{name}: {different.mean():.0%} of the pixels differ, by up to {worst}"]


def pixel_faults(
    seen: Array, expected: Array, tolerance: float, lost: tuple[float, float] = (0.0, 0.0)
) -> list[str]:
    """Compare pictures of values from 0 to 1; `tolerance` and `lost` (mean, worst block) in levels of 255."""
    mean, worst = differences(seen, expected)
    if mean > tolerance + lost[0] or worst > 3 * tolerance + 4 + lost[1]:
        likeness = _likeness(seen, expected) or "another picture"
        return [f"{likeness}: off by {mean:.1f} levels, {worst:.0f} at the worst place"]
    name = _likeness(seen, expected) if mean > _NOISE else None
    if name and (tolerance < _UNLIKE or name in _UNMISTAKABLE):
        return [f"{name}: fits better so"]
    return []


def differences(seen: Array, expected: Array) -> tuple[float, float]:
    """The mean difference and that of the worst block, in levels of 255."""
    difference = np.abs(seen - expected).mean(axis=-1) * 255
    rows, columns = (np.arange(0, length, _BLOCK) for length in difference.shape)
    sums = np.add.reduceat(np.add.reduceat(difference, rows, axis=0), columns, axis=1)
    heights, widths = (
        np.diff(np.append(*ends)) for ends in zip((rows, columns), difference.shape, strict=True)
    )
    return float(difference.mean()), float((sums / np.outer(heights, widths)).max())


def _lost_by_jpeg(expected: Array) -> tuple[float, float]:
    """What a JPEG of moderate quality loses of this particular picture, with some margin."""
    whole = np.rint(expected * 255).astype(np.uint8)
    file = io.BytesIO()
    image = Image.fromarray(whole[..., 0] if whole.shape[2] == 1 else whole)
    image.save(file, "JPEG", quality=_QUALITY, subsampling="4:2:0")
    again = np.asarray(Image.open(file)).reshape(whole.shape) / 255
    mean, worst = differences(again, expected)
    return mean * 1.2, worst * 1.3


def _invert(a: Array) -> Array:
    return 1 - a


def _half(a: Array) -> Array:
    kept = a.copy()
    kept[a.shape[0] // 2 :] = a[a.shape[0] // 2 :] * 0
    return kept


def _half_grey(a: Array) -> Array:
    kept = a.copy()
    kept[a.shape[0] // 2 :] = 128 / 255
    return kept


def _moved(rows: int, columns: int) -> Callable[[Array], Array]:
    def move(a: Array) -> Array:
        padded = np.pad(a, ((1, 1), (1, 1), (0, 0)), mode="edge")
        return padded[1 - rows : 1 - rows + a.shape[0], 1 - columns : 1 - columns + a.shape[1]]

    return move


def _swapped(a: Array) -> Array:
    wide = np.rint(a * 65535).astype(np.uint16)
    return wide.byteswap() / 65535


_CHANGES: Final[dict[str, Callable[[Array], Array]]] = {
    "inverted": _invert,
    "mirrored": lambda a: a[:, ::-1],
    "upside down": lambda a: a[::-1],
    "turned by 180 degrees": lambda a: a[::-1, ::-1],
    "half of it black": _half,
    "half of it white": lambda a: 1 - _half(1 - a),
    "half of it grey": _half_grey,
    "twice as bright": lambda a: np.clip(a * 2, 0, 1),
    "half as bright": lambda a: a / 2,
    "a sixteenth as bright": lambda a: a / 16,
    "its bytes are swapped": _swapped,
    "all black": lambda a: a * 0,
    "all white": lambda a: a * 0 + 1,
    "moved to the right": _moved(0, 1),
    "moved to the left": _moved(0, -1),
    "moved down": _moved(1, 0),
    "moved up": _moved(-1, 0),
}
_UNMISTAKABLE: Final = frozenset(
    {
        *("inverted", "mirrored", "upside down", "turned by 180 degrees"),
        *("red and blue exchanged", "red and green exchanged", "green and blue exchanged"),
    }
)
"""Wrong even where the colours are only roughly known."""
_COLOUR_CHANGES: Final[dict[str, Callable[[Array], Array]]] = {
    "grey": lambda a: np.repeat(a.mean(axis=-1, keepdims=True), a.shape[2], axis=-1),
    "red and blue exchanged": lambda a: a[..., [2, 1, 0, *range(3, a.shape[2])]],
    "red and green exchanged": lambda a: a[..., [1, 0, 2, *range(3, a.shape[2])]],
    "green and blue exchanged": lambda a: a[..., [0, 2, 1, *range(3, a.shape[2])]],
}


def _likeness(seen: Array, expected: Array) -> str | None:
    """The change that explains a wrong picture, if any."""
    seen, expected = _middle(seen), _middle(expected)
    mean = differences(seen, expected)[0]
    changes = {**_CHANGES, **(_COLOUR_CHANGES if expected.shape[2] > 2 else {})}
    fits = {name: differences(seen, change(expected))[0] for name, change in changes.items()}
    name = min(fits, key=lambda key: fits[key])
    return name if fits[name] < mean * _NEAR and not math.isclose(fits[name], mean) else None


def _middle(a: Array) -> Array:
    """The middle of a large picture, which is changed as the whole is."""
    top, left = (max(0, (length - _MIDDLE) // 2) for length in a.shape[:2])
    return a[top : a.shape[0] - top, left : a.shape[1] - left]


def _profile_faults(result: Result, right: Right) -> list[str]:
    if result.profile == right.profile:
        return []
    if result.profile is None:
        return ["the profile is lost"]
    if right.profile is None and right.srgb and _is_srgb(result.profile, right.pixels.shape[2]):
        return []
    return [f"another profile ({colours.space_of(result.profile)}) than {colours.space_of(right.profile)}"]


def _is_srgb(profile: bytes, channels: int) -> bool:
    """A profile that changes nothing on the way to sRGB."""
    if colours.space_of(profile) != ("GRAY" if channels < 3 else "RGB "):
        return False
    steps = np.linspace(0, 1, 18).reshape(3, 6, 1) if channels < 3 else np.linspace(0, 1, 54).reshape(3, 6, 3)
    return differences(colours.through_profile(steps, profile), steps)[1] < 2


def _resolution_faults(result: Result, right: Right) -> list[str]:
    if right.resolution is None:
        return (
            [] if result.resolution is None or right.size else [f"a resolution of {_dpi(result.resolution)}"]
        )
    if result.resolution is None:
        return [f"the resolution of {_dpi(right.resolution)} is lost"]
    pairs = zip(result.resolution, right.resolution, strict=True)
    if all(abs(a - b) <= _RESOLUTION_MAX * b + 0.5 for a, b in pairs):
        return []
    return [f"a resolution of {_dpi(result.resolution)} instead of {_dpi(right.resolution)}"]


def _dpi(resolution: tuple[float, float]) -> str:
    return " x ".join(f"{value:g}" for value in resolution)
