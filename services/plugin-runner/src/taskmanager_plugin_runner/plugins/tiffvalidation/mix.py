"""The report about one TIFF file: shaped as JHOVE's, with NISO metadata (MIX 2.0), for the same XPath checks.

http://www.loc.gov/standards/mix/ and the schema of JHOVE's XML output. Knows no profile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Final

from lxml import etree

from taskmanager_plugin_runner.plugins.tiffvalidation.profile import NAMESPACES
from taskmanager_plugin_runner.plugins.tiffvalidation.tags import ImageTags
from taskmanager_plugin_runner.plugins.validation.reports import ReportReading, printable_xml

JHOVE, MIX = NAMESPACES["jhove"], NAMESPACES["mix"]
NOT_WELL_FORMED: Final = "Not well-formed"
NOT_VALID: Final = "Well-Formed, but not valid"
VALID: Final = "Well-Formed and valid"
"""The words of JHOVE for the three verdicts on a format."""
READING: Final = ReportReading(f"{{{JHOVE}}}repInfo", f"{{{JHOVE}}}repInfo/{{{JHOVE}}}status", "uri")

_SCHEMES: Final = {
    1: "Uncompressed",
    2: "CCITT 1D",
    3: "Group 3 Fax",
    4: "Group 4 Fax",
    5: "LZW",
    6: "JPEG",
    7: "ISO JPEG",
    8: "Deflate",
    32773: "PackBits",
    32946: "Deflate",
}
_SPACES: Final = {
    0: "WhiteIsZero",
    1: "BlackIsZero",
    2: "RGB",
    3: "PaletteColor",
    4: "TransparencyMask",
    5: "CMYK",
    6: "YCbCr",
    8: "CIELab",
    9: "ICCLab",
}
_ORIENTATIONS: Final = {
    1: "normal*",
    2: "normal, image flipped",
    3: "normal, rotated 180°",
    4: "normal, image flipped, rotated 180°",
    5: "normal, image flipped, rotated cw 90°",
    6: "normal, rotated ccw 90°",
    7: "normal, image flipped, rotated ccw 90°",
    8: "normal, rotated cw 90°",
}


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What the report says of the file as a whole."""

    name: str
    bytes: int
    little: bool
    big: bool
    module: str
    """Name and version of what examined it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One finding; `severity` is `error`, `warning` or `info`, as in JHOVE."""

    severity: str
    text: str


def report(file: FileFacts, status: str, images: Sequence[ImageTags], now: datetime) -> etree._Element:
    """The report without messages, which follow when the checks have read it (`add_messages`)."""
    root = etree.Element(f"{{{JHOVE}}}jhove", nsmap={None: JHOVE, "mix": MIX})
    root.set("name", "Goobi TaskManager")
    _put(root, "date", now.isoformat(timespec="seconds"))
    info = etree.SubElement(root, f"{{{JHOVE}}}repInfo", uri=printable_xml(file.name))
    _put(info, "reportingModule", file.module)
    _put(info, "size", file.bytes)
    _put(info, "format", "TIFF")
    _put(info, "version", "BigTIFF" if file.big else "6.0")
    _put(info, "status", status)
    _put(info, "mimeType", "image/tiff")
    if images:
        _properties(info, file, images)
    return root


def add_messages(root: etree._Element, messages: Sequence[Message]) -> None:
    """Put the findings where JHOVE has them: behind the status."""
    if not messages:
        return
    info = root.find(f"{{{JHOVE}}}repInfo")
    place = etree.Element(f"{{{JHOVE}}}messages")
    for message in messages:
        one = etree.SubElement(place, f"{{{JHOVE}}}message", severity=message.severity)
        one.text = printable_xml(message.text)
    info.find(f"{{{JHOVE}}}status").addnext(place)


def written(root: etree._Element) -> bytes:
    """The document as bytes."""
    etree.indent(root)
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True)) + b"\n"


def _properties(info: etree._Element, file: FileFacts, images: Sequence[ImageTags]) -> None:
    """As JHOVE nests them: TIFFMetadata, IFDs, one IFD each, its NisoImageMetadata."""
    values = _list_of(_put(info, "properties"), "TIFFMetadata", "List")
    order = _list_of(values, "ByteOrder", "Scalar", "String")
    _put(order, "value", "little-endian" if file.little else "big-endian")
    directories = _list_of(values, "IFDs", "List")
    number = _list_of(directories, "Number", "Scalar", "Integer")
    _put(number, "value", len(images))
    for image in images:
        inner = _list_of(directories, "IFD", "Array")
        metadata = _list_of(inner, "NisoImageMetadata", "Scalar", "NISOImageMetadata")
        _put(metadata, "value").append(_mix(file, image))


def _list_of(parent: etree._Element, name: str, arity: str, kind: str = "Property") -> etree._Element:
    """A property of JHOVE; returns the element of its values."""
    made = _put(parent, "property")
    _put(made, "name", name)
    values = _put(made, "values")
    values.set("arity", arity)
    values.set("type", kind)
    return values


def _mix(file: FileFacts, image: ImageTags) -> etree._Element:
    root = etree.Element(f"{{{MIX}}}mix")
    basic = _mixed(root, "BasicDigitalObjectInformation")
    _mixed(basic, "fileSize", file.bytes)
    form = _mixed(basic, "FormatDesignation")
    _mixed(form, "formatName", "image/tiff")
    _mixed(basic, "byteOrder", "little endian" if file.little else "big endian")
    scheme = _SCHEMES.get(image.compression, str(image.compression))
    _mixed(_mixed(basic, "Compression"), "compressionScheme", scheme)
    _basic_image(root, image)
    capture = _mixed(root, "ImageCaptureMetadata")
    if image.date:
        _mixed(_mixed(capture, "GeneralCaptureInformation"), "dateTimeCreated", _iso(image.date))
    _mixed(capture, "orientation", _ORIENTATIONS.get(image.orientation, "unknown"))
    _assessment(root, image)
    return root


def _basic_image(root: etree._Element, image: ImageTags) -> None:
    characteristics = _mixed(_mixed(root, "BasicImageInformation"), "BasicImageCharacteristics")
    _mixed(characteristics, "imageWidth", image.width)
    _mixed(characteristics, "imageHeight", image.height)
    interpretation = _mixed(characteristics, "PhotometricInterpretation")
    _mixed(interpretation, "colorSpace", _SPACES.get(image.photometric, str(image.photometric)))
    if image.icc_name is not None:
        icc = _mixed(_mixed(interpretation, "ColorProfile"), "IccProfile")
        _mixed(icc, "iccProfileName", image.icc_name)


def _assessment(root: etree._Element, image: ImageTags) -> None:
    """Resolution in dots per inch, whatever unit the file has: what is compared is its value."""
    assessment = _mixed(root, "ImageAssessmentMetadata")
    if image.dots_per_inch is not None:
        metrics = _mixed(assessment, "SpatialMetrics")
        _mixed(metrics, "samplingFrequencyUnit", "in.")
        for axis, value in zip("xy", image.dots_per_inch, strict=True):
            frequency = _mixed(metrics, f"{axis}SamplingFrequency")
            exact = Fraction(value).limit_denominator(10_000)
            _mixed(frequency, "numerator", exact.numerator)
            if exact.denominator != 1:
                _mixed(frequency, "denominator", exact.denominator)
    encoding = _mixed(assessment, "ImageColorEncoding")
    bits = _mixed(encoding, "BitsPerSample")
    for value in image.bits:
        _mixed(bits, "bitsPerSampleValue", value)
    _mixed(bits, "bitsPerSampleUnit", "integer")
    _mixed(encoding, "samplesPerPixel", image.samples)


def _iso(date: str) -> str:
    """`2020:01:31 10:20:30`, as TIFF has it, as `2020-01-31T10:20:30`."""
    day, _, time = date.partition(" ")
    return f"{day.replace(':', '-')}T{time}" if time else day


def _put(parent: etree._Element, name: str, value: object = None) -> etree._Element:
    return _in_namespace(parent, JHOVE, name, value)


def _mixed(parent: etree._Element, name: str, value: object = None) -> etree._Element:
    return _in_namespace(parent, MIX, name, value)


def _in_namespace(parent: etree._Element, namespace: str, name: str, value: object) -> etree._Element:
    made = etree.SubElement(parent, f"{{{namespace}}}{name}")
    if value is not None:
        made.text = printable_xml(str(value))
    return made
