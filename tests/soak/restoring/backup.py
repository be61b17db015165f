"""A copy of the database, and its restore under load, done as docs/reliability.md tells an operator to.

The services are ended first, here by SIGKILL. The broker with its messages, the process folders, Goobi and
the clients know nothing of it.
"""

import shutil
from pathlib import Path

from tests.remains import require_none
from tests.soak import collect
from tests.soak.judging import read
from tests.soak.leftovers import END_SECONDS
from tests.soak.machines import Machines
from tests.soak.restoring.eras import Era

DATABASE, WORKSPACES = "mongod", "workspace"


class Backup:
    """The last copy, and the state before each restore."""

    def __init__(self, machines: Machines, run_log: Path) -> None:
        """Makes no copy yet."""
        self._machines, self._run_log = machines, run_log
        self._files = machines.folder.path / DATABASE
        self._copy = machines.folder.path / "copy-of-the-database"
        self.eras: list[Era] = []

    @property
    def taken(self) -> bool:
        """Whether there is a copy."""
        return self._copy.exists()

    def take(self) -> None:
        """Kill mongod, copy its files, start it again."""
        server = self._machines.servers[DATABASE]
        server.kill()
        shutil.copytree(self._files, self._copy)
        server.start()

    def restore(self) -> None:
        """Kill everything but the broker, put the copy in the database's place, and start everything."""
        services, server = self._machines.services.values(), self._machines.servers[DATABASE]
        for service in services:
            service.kill()
        require_none(self._machines.folder.path / WORKSPACES, within_seconds=END_SECONDS)
        self.eras.append(self._last())
        server.kill()
        shutil.rmtree(self._files)
        self._copy.rename(self._files)
        server.start()
        for service in services:
            service.start()

    def _last(self) -> Era:
        store = collect.open_store(self._machines.urls.database)
        with store.client:
            history = read(collect.commits(store, collect.beginning(store)))
            return Era(history, collect.rest(store, {}), len(collect.run_lines(self._run_log)))
