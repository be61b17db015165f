"""The main header of a codestream, and the promise that is added to a copy of it."""

import struct

import pytest

from taskmanager_plugin_runner.plugins.jp2validation.codestream import StreamSize, counting, size_of


def segment(marker: int, contents: bytes) -> bytes:
    return struct.pack(">HH", marker, len(contents) + 2) + contents


def stream(components: int = 3, style: int = 0, steps: bytes = b"\1\1") -> bytes:
    places = struct.pack(">8IH", 110, 220, 10, 20, 64, 64, 0, 0, components)
    siz = segment(0xFF51, b"\0\0" + places + (b"\7" + steps) * components)
    cod = segment(0xFF52, bytes([0, 2, 0, 1, 1, 5, 4, 4, style, 0]))
    which = b"\0\1" if components >= 257 else b"\1"
    coc = segment(0xFF53, which + bytes([0, 5, 4, 4, style, 0]))
    return b"\xff\x4f" + siz + cod + coc + segment(0xFF5C, b"\x40\x50") + b"\xff\x90" + bytes(30)


@pytest.mark.parametrize(("steps", "subsampled"), [(b"\1\1", False), (b"\2\1", True), (b"\1\2", True)])
def test_the_size_is_what_lies_behind_the_offset(steps: bytes, subsampled: bool) -> None:
    assert size_of(stream(steps=steps)) == StreamSize(100, 200, 3, subsampled)


@pytest.mark.parametrize("broken", [b"", b"\xff\x4f", stream()[:30], bytes(60), b"\xff\x4f\xff\x52\0\1" * 9])
def test_no_header_no_size_and_no_endless_search(broken: bytes) -> None:
    assert size_of(broken) is None
    assert len(counting(broken)) == len(broken)


@pytest.mark.parametrize("components", [3, 257])
def test_only_the_styles_of_code_blocks_change(components: int) -> None:
    before, after = stream(components, style=0b1), counting(stream(components, style=0b1))
    changed = [at for at, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    assert len(changed) == 2
    assert all(after[at] == 0b10001 for at in changed)


def test_high_throughput_has_no_such_promise() -> None:
    assert counting(stream(style=0x40)) == stream(style=0x40)
