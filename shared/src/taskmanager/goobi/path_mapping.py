"""The table `[paths]` of the file about Goobi: what Goobi calls its folders, and where they are here."""

from typing import Annotated

from pydantic import AfterValidator

from taskmanager.errors import PathRefusedError
from taskmanager.files.roots import PathMapping


def _checked(pairs: dict[str, str]) -> dict[str, str]:
    try:
        PathMapping.of(pairs)
    except PathRefusedError as error:
        raise ValueError(str(error)) from error
    return pairs


PathTable = Annotated[dict[str, str], AfterValidator(_checked)]
"""For example `"/opt/digiverso/goobi/metadata" = "/mnt/goobi/metadata"`; both absolute, without `..`."""
