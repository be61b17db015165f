"""The files of the pages that come from npm packages, which `web-packages/vendor.sh` puts beside this module.

They are not in the repository: a gateway that was installed without them says so before it serves a page.
"""

from pathlib import Path

from taskmanager.errors import PermanentError

FOLDER = Path(__file__).parent / "static" / "vendor"
NAMES = ("bootstrap.min.css", "bootstrap.bundle.min.js", "htmx.min.js", "idiomorph.min.js")


class MissingFilesError(PermanentError):
    """The pages cannot be served: the gateway was installed without files that they need."""


def check_vendored(folder: Path = FOLDER) -> None:
    """Return if all are there; raises MissingFilesError, which says what to do."""
    missing = [name for name in NAMES if not (folder / name).is_file()]
    if missing:
        raise MissingFilesError(
            f"the web pages lack {', '.join(missing)} in {folder}: `make setup` puts them there; "
            "elsewhere run services/gateway/web-packages/vendor.sh before the gateway is installed"
        )
