"""The transport for a runner without the share: fetches input and delivers results over Goobi's files API.

Knows which Goobi folder a job's path means; `goobi_delivery` knows what makes a delivery complete.
"""

import json
from collections.abc import Callable, Collection
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from taskmanager.errors import JobFailedError, PermanentError
from taskmanager.files.roots import Roots
from taskmanager.goobi.settings import load
from taskmanager.model.jobs import JobSpec
from taskmanager.model.reasons.job_texts import file_texts, goobi_texts
from taskmanager_plugin_runner.failures import refuse
from taskmanager_plugin_runner.files.seals import NO_KEY, Seal
from taskmanager_plugin_runner.results.planning import Terms, results_in
from taskmanager_plugin_runner.slot_protocol import SlotOrder
from taskmanager_plugin_runner.transport import goobi_delivery
from taskmanager_plugin_runner.transport.existing_results import Destination, Found
from taskmanager_plugin_runner.transport.goobi_delivery import GoobiDelivery
from taskmanager_plugin_runner.transport.goobi_files_api import FilesApi, NotInGoobiError
from taskmanager_plugin_runner.transport.transport import LOST, RECORD
from taskmanager_plugin_runner.transport.workspace import AttemptFolder, Input


class GoobiFolder:
    """A Goobi folder as a destination."""

    removes = False

    def __init__(self, settings: Path, delivery: GoobiDelivery) -> None:
        self._settings, self._delivery = settings, delivery
        self.where = goobi_texts.FOLDER(folder=repr(delivery.folder), process=delivery.process)

    def found(self, places: Collection[str]) -> dict[str, Found]:
        """The file names, since the API has no subfolders; none if the folder does not exist yet."""
        if "." not in places:
            return {}
        with api(self._settings, self._delivery) as there:
            try:
                return dict.fromkeys(there.names(), Found())
            except NotInGoobiError:
                return {}


class GoobiFiles:
    """Goobi's files API. The Goobi settings file and the secrets it names are read when used."""

    def __init__(self, settings: Path, roots: Roots, seal: Seal = NO_KEY) -> None:
        """`settings` is `TASKMANAGER_GOOBI`, `seal` that of the journals."""
        self._settings, self._roots, self._seal = settings, roots, seal

    def open(self, folder: AttemptFolder, order: SlotOrder, destination: str, *, in_place: bool) -> None:
        """Refuse the same Goobi folder as source and destination, and undo what earlier attempts left."""
        delivery = self._locate(order, destination)
        if (
            order.spec.source is not None
            and not in_place
            and delivery == self._locate(order, order.spec.source)
        ):
            raise JobFailedError(
                goobi_texts.DESTINATION_IS_SOURCE(folder=repr(delivery.folder), process=delivery.process)
            )
        with api(self._settings, delivery) as there:
            goobi_delivery.prepare(there, delivery, self._seal)
        try:
            (folder.open(folder.path) / RECORD).write_text(delivery.encode(), encoding="utf-8")
        except OSError as error:
            refuse(error, file_texts.WORKSPACE_UNUSABLE)

    def bring(
        self,
        folder: AttemptFolder,
        order: SlotOrder,
        source: str,
        between: Callable[[], None],
        *,
        recorded: bool = False,
    ) -> Input:
        """Fetch all files of the folder, always into the workspace; records are not kept over the API."""
        del recorded
        target, size = folder.open(folder.input), 0
        with api(self._settings, self._locate(order, source)) as there:
            names = sorted(name for name in there.names() if not name.startswith("."))
            if not names:
                raise JobFailedError(goobi_texts.FOLDER_EMPTY(folder=there.where))
            for name in names:
                between()
                size += _fetch(there, name, target)
        return Input(target, len(names), size)

    def destination(self, folder: AttemptFolder) -> Destination | None:
        """The folder in Goobi, if the attempt was opened."""
        delivery = remembered(folder)
        return GoobiFolder(self._settings, delivery) if delivery is not None else None

    def carrier(self, folder: AttemptFolder, suspended: Callable[[], bool]) -> None:
        """None: nothing may appear in Goobi before the commit fence."""

    def place(self, folder: AttemptFolder, terms: Terms) -> tuple[int, int]:
        """Upload the results; see `goobi_delivery.deliver`."""
        delivery = remembered(folder)
        if delivery is None:
            raise PermanentError(LOST)
        results = list(results_in(folder.output, PurePosixPath()))
        deep = [result.name for result in results if "/" in result.name]
        if deep:
            raise JobFailedError(goobi_texts.NO_NESTED_FOLDERS(name=deep[0]))
        with api(self._settings, delivery) as there:
            goobi_delivery.deliver(there, delivery, results, terms.ours, self._seal)
        return len(results), sum(result.bytes for result in results)

    def clean(self, folder: AttemptFolder, order: SlotOrder) -> None:
        """Remove what this attempt uploaded; see `goobi_delivery.clean`."""
        del order
        undo_delivery(self._settings, folder, self._seal)

    def _locate(self, order: SlotOrder, text: str) -> GoobiDelivery:
        name, process, folder = locate(self._settings, order.spec, self._roots.resolve(text))
        return GoobiDelivery(name, process, folder, order.job, order.attempt)


def locate(settings: Path, spec: JobSpec, path: Path) -> tuple[str, int, str]:
    """Installation, process and folder name of a job's path; raises JobFailedError.

    The last part of the path is looked up in the installation's `folders`, where the first matching pattern
    wins; the process's number must be one of the other parts, as in Goobi's metadata folder.
    """
    if spec.goobi is None:
        raise JobFailedError(goobi_texts.NO_PROCESS())
    goobi, process = load(settings), spec.goobi.process_id
    name, installation = goobi.name_of(spec.goobi.installation), goobi.find(spec.goobi.installation)
    if name is None or installation is None:
        raise JobFailedError(goobi_texts.UNKNOWN_INSTALLATION(name=repr(name), settings=settings))
    if str(process) not in path.parent.parts:
        raise JobFailedError(goobi_texts.FOLDER_OF_OTHER_PROCESS(path=path, process=process))
    for pattern, folder in installation.folders.items():
        if fnmatchcase(path.name, pattern):
            return name, process, folder
    raise JobFailedError(goobi_texts.NO_PATTERN(installation=name, settings=settings, folder=repr(path.name)))


def api(settings: Path, delivery: GoobiDelivery) -> FilesApi:
    """The folder in Goobi; raises GoobiSettingsError and JobFailedError."""
    installation = load(settings).find(delivery.installation)
    if installation is None:
        raise JobFailedError(goobi_texts.NO_INSTALLATION(name=repr(delivery.installation), settings=settings))
    return FilesApi(installation, delivery.process, delivery.folder)


def _fetch(there: FilesApi, name: str, target: Path) -> int:
    try:
        return there.fetch(name, target / name)
    except OSError as error:
        refuse(error, file_texts.NOT_FETCHED, name=name)
    except NotInGoobiError as error:
        raise JobFailedError(goobi_texts.FILE_GONE(name=name, folder=there.where)) from error


def undo_delivery(settings: Path, folder: AttemptFolder, seal: Seal = NO_KEY) -> None:
    """Remove anything an attempt uploaded; raises TaskManagerError and ValueError."""
    delivery = remembered(folder)
    if delivery is not None:
        with api(settings, delivery) as there:
            goobi_delivery.clean(there, delivery, seal)


def remembered(folder: AttemptFolder) -> GoobiDelivery | None:
    """Where an attempt delivers over the files API, or None."""
    try:
        return GoobiDelivery(**json.loads((folder.path / RECORD).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
