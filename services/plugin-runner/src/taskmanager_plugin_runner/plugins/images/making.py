"""Makes all derivatives of one picture from one decoding, and checks each before it counts.

Runs in a child process.
"""

import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from taskmanager_plugin_runner.plugins.images import geometry, texts, watermark, writing
from taskmanager_plugin_runner.plugins.images.geometry import Geometry
from taskmanager_plugin_runner.plugins.images.treatment import Order, Treatment
from taskmanager_plugin_runner.plugins.pictures import colour, decoding, derivatives
from taskmanager_plugin_runner.plugins.pictures.decoding import Picture
from taskmanager_plugin_runner.plugins.pictures.derivatives import Derived, Made
from taskmanager_plugin_runner.plugins.pictures.facts import PictureFacts


def make(source: Path, facts: PictureFacts, orders: tuple[Order, ...], treatment: Treatment) -> Derived:
    """Make all derivatives of a picture; raises JobFailedError if it is damaged or a result is not right."""
    began = time.monotonic()
    picture = decoding.decode(source, facts, None if treatment.reshapes else _enough(orders))
    size, notes = (facts.width, facts.height), list[str]()
    shape: Geometry | None = None
    screens: dict[bool, Picture] = {}
    made = []
    for order in orders:
        keep = order.keep_profile or picture.facts.icc is None  # the same if there is none to keep
        if keep not in screens:
            screen = colour.to_screen(picture, bits=8, keep_profile=keep, background=treatment.background)
            if treatment.reshapes:
                if shape is None:
                    shape, said = geometry.find(screen.samples, treatment)
                    notes += said
                screen = _reshaped(screen, shape, treatment)
                size = (screen.facts.width, screen.facts.height)
            screens[keep] = screen
        made.append(_write(screens[keep], size, order, treatment, notes))
    notes += [note for screen in screens.values() for note in screen.facts.notes]
    return Derived(tuple(made), tuple(dict.fromkeys(notes)), time.monotonic() - began)


def _enough(orders: Iterable[Order]) -> int | None:
    """The longest side of the largest derivative, or None if one keeps the size of the source."""
    sides = [order.longest_side for order in orders]
    return None if None in sides else max(side for side in sides if side is not None)


def _reshaped(screen: Picture, shape: Geometry, treatment: Treatment) -> Picture:
    if not shape.changes:
        return screen
    pixels = geometry.applied(screen.samples, shape, treatment.background)
    geometry.require_applied(pixels, screen.samples, shape, treatment.background)
    height, width = pixels.shape[:2]
    return Picture(pixels, replace(screen.facts, stored=(width, height)))


def _write(
    screen: Picture, size: tuple[int, int], order: Order, treatment: Treatment, notes: list[str]
) -> Made:
    pixels = derivatives.resized(screen, size, order.longest_side)
    full_size = pixels.shape == screen.samples.shape
    if order.marked and treatment.mark is not None:
        pixels, seen = watermark.applied(pixels, treatment.mark)
        notes += [] if seen else [texts.FAINT()]
    facts = writing.write(order.path, order.format, pixels, screen.facts, order.quality, full_size=full_size)
    return Made(facts, order.path.stat().st_size)
