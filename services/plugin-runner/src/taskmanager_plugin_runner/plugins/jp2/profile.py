"""A JP2 profile: how images are compressed, as values that can be validated. Runs nothing."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from taskmanager_plugin_runner.plugins.titled import Titled

Power = Literal[4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768]
Pair = tuple[Power, Power]
Ratio = Annotated[float, Field(ge=1, le=1000)]

_CODE_BLOCK_COEFFICIENTS = 4096
"""The maximum number of coefficients in a code-block (ISO/IEC 15444-1, table A.18)."""


_LITTLE_PIXELS = 16_384
"""For a picture with fewer pixels, a tenth of the size is little more than the headers, so nothing is cut."""


class Coding(StrEnum):
    """How code-blocks are coded."""

    PART_1 = "part-1"
    """Understood by every JPEG 2000 reader (ISO/IEC 15444-1)."""
    HIGH_THROUGHPUT = "high-throughput"
    """Several times as fast, but read by few programs so far (ISO/IEC 15444-15, HTJ2K)."""


class Profile(Titled):
    """The keys of a profile file; `docs/templates.md` explains them to operators.

    `rates`: compression ratio of each quality layer, decreasing; 1 is lossless. `precincts`: from the highest
    resolution down; the last one applies to all lower ones, halved each time.
    """

    description: str = ""
    lossless: bool
    coding: Coding = Coding.PART_1
    rates: tuple[Ratio, ...] = ()
    resolutions: int = Field(default=6, ge=1, le=33)
    tile: Pair | None = None
    code_block: Pair = (64, 64)
    precincts: tuple[Pair, ...] = ()
    progression: Literal["LRCP", "RLCP", "RPCL", "PCRL", "CPRL"] = "RPCL"
    sop: bool = False
    eph: bool = False
    plt: bool = False
    tlm: bool = False
    tile_parts: Literal["R", "L", "C"] | None = None
    mode: int = Field(default=0, ge=0, le=63)
    parallel: int | None = Field(default=None, ge=1, le=64)
    time_limit_seconds: float = Field(default=1800.0, gt=0, le=604800)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if list(self.rates) != sorted(self.rates, reverse=True):
            raise ValueError("rates must decrease: each layer adds to the one before")
        if self.lossless and self.rates and self.rates[-1] != 1:
            raise ValueError("rates must end with 1, since lossless is true")
        if not self.lossless and (not self.rates or self.rates[-1] <= 1):
            raise ValueError("rates must end with a ratio above 1, since lossless is false")
        if self.code_block[0] * self.code_block[1] > _CODE_BLOCK_COEFFICIENTS:
            raise ValueError(f"code_block may hold {_CODE_BLOCK_COEFFICIENTS} coefficients at most")
        if self.coding is Coding.HIGH_THROUGHPUT:
            self._check_high_throughput()
        return self

    def _check_high_throughput(self) -> None:
        set_here = self.model_fields_set - {
            "title",
            "title_in",
            "description",
            "lossless",
            "coding",
            "resolutions",
            "parallel",
            "time_limit_seconds",
        }
        if not self.lossless or set_here:
            what = f" ({', '.join(sorted(set_here))} cannot be set)" if set_here else ""
            raise ValueError(f"a high-throughput profile is lossless and sets its resolutions only{what}")

    @property
    def suffix(self) -> str:
        """Suffix of the results: `.jph` for Part 15 (ISO/IEC 15444-15, annex D), otherwise `.jp2`."""
        return ".jph" if self.coding is Coding.HIGH_THROUGHPUT else ".jp2"

    def arguments(self, width: int, height: int, threads: int) -> list[str]:
        """Options of opj_compress for an image of the given size in pixels."""
        words = ["-p", self.progression, "-n", str(self.resolutions_for(width, height))]
        words += ["-b", _pair(self.code_block)]
        words += [] if self.lossless else ["-I"]
        rates = (1.0,) if self.rates and width * height < _LITTLE_PIXELS else self.rates
        words += ["-r", ",".join(f"{rate:g}" for rate in rates)] if rates else []
        words += ["-t", _pair(self.tile)] if self.tile else []
        words += ["-c", ",".join(f"[{_pair(size)}]" for size in self.precincts)] if self.precincts else []
        words += ["-TP", self.tile_parts] if self.tile_parts else []
        words += ["-M", str(self.mode)] if self.mode else []
        flags = {"-SOP": self.sop, "-EPH": self.eph, "-PLT": self.plt, "-TLM": self.tlm}
        words += [flag for flag, wanted in flags.items() if wanted]
        return [*words, "-threads", str(threads)] if threads > 1 else words

    def resolutions_for(self, width: int, height: int) -> int:
        """The configured number, or as many as a small image can be halved: opj_compress refuses more."""
        return min(self.resolutions, min(width, height).bit_length())


def _pair(size: tuple[int, int]) -> str:
    return f"{size[0]},{size[1]}"
