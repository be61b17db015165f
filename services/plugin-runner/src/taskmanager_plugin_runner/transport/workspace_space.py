"""Shows how much space is left where the workspace is."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path

from taskmanager.process.lifecycle import every
from taskmanager.process.logs import get_logger
from taskmanager_plugin_runner.metrics import WORKSPACE_FREE

LOOK = timedelta(seconds=10)

log = get_logger(__name__)


class WorkspaceSpace:
    """Looks at the file system every ten seconds, in a thread: one that does not answer blocks nothing."""

    def __init__(self, folder: Path, plugin: str) -> None:
        """`folder` is the workspace, `plugin` the label."""
        self._folder, self._gauge = folder, WORKSPACE_FREE.labels(plugin)

    async def run_once(self) -> None:
        """Look once; what cannot be read is left as it was."""
        try:
            found = await asyncio.to_thread(os.statvfs, self._folder)
        except OSError as error:
            log.warning("free_space_unknown", folder=str(self._folder), error=str(error))
        else:
            self._gauge.set(found.f_bavail * found.f_frsize)

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop`."""
        await every(LOOK, self.run_once, stop)
