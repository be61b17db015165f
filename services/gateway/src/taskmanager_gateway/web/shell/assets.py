"""Style sheets and scripts, our own and those of pinned packages; their URL changes with their content."""

import hashlib
from pathlib import Path

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from taskmanager.errors import TaskManagerError

STATIC = Path(__file__).parents[1] / "static"
VENDOR = (
    *("bootstrap.min.css", "bootstrap.bundle.min.js", "htmx.min.js", "idiomorph-ext.min.js"),
    *("swagger-ui.css", "swagger-ui-bundle.js"),
    "openseadragon.min.js",
)
"""Copied from their packages when the gateway is set up."""
COMPRESSED_FROM_BYTES = 500
FOR_EVER = "public, max-age=31536000, immutable"


class AssetsMissingError(TaskManagerError):
    """The gateway was not set up completely."""


class Assets:
    """All files in the folder `static`."""

    def __init__(self, folder: Path = STATIC) -> None:
        """Raises AssetsMissingError if files of other packages are missing."""
        missing = [name for name in VENDOR if not (folder / "vendor" / name).is_file()]
        if missing:
            place, names = folder / "vendor", ", ".join(missing)
            message = f"{place} lacks {names}. Run `make setup`, or build the package again."
            raise AssetsMissingError(message)
        self.version = _digest(folder)
        self._folder = folder

    def address(self, name: str) -> str:
        """The path at which the file is served."""
        return f"/static/{self.version}/{name}"

    def route(self) -> Mount:
        """The route that serves the files."""
        files = _Versioned(self._folder, self.version)
        return Mount("/static/{version}", GZipMiddleware(files, minimum_size=COMPRESSED_FROM_BYTES))


class _Versioned(StaticFiles):
    """New content has a new path, so browsers never need to revalidate.

    During an update, a page of another gateway may ask this one: it gets the file, but must not cache it.
    """

    def __init__(self, folder: Path, version: str) -> None:
        super().__init__(directory=folder)
        self._version = version

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        ours = scope["path_params"]["version"] == self._version
        response.headers["Cache-Control"] = FOR_EVER if ours else "no-cache"
        return response


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
