"""Has the plugin process do a job: lends it the folders, handles what it may not see, takes the results."""

from collections.abc import Callable
from dataclasses import replace

from taskmanager.model.manifest import PluginManifest
from taskmanager.plugin_api.existing_results import Existing
from taskmanager_plugin_runner.slot.line_log import LineLog
from taskmanager_plugin_runner.slot.other_user.plugin_process import PluginProcess
from taskmanager_plugin_runner.slot_protocol import Settle, SlotAnswer, SlotControl, SlotEvent, SlotOrder
from taskmanager_plugin_runner.system.slot_users import SlotUser
from taskmanager_plugin_runner.transport.existing_results import settle_earlier
from taskmanager_plugin_runner.transport.lent_folders import enclose, lend, take_back
from taskmanager_plugin_runner.transport.transport import Transport
from taskmanager_plugin_runner.transport.workspace import AttemptFolder


class PluginProcessJob:
    """The part of a slot that deals with its plugin process."""

    def __init__(
        self,
        plugin_process: PluginProcess,
        user: SlotUser,
        manifest: PluginManifest,
        transport: Transport,
        send: Callable[[SlotEvent], None],
    ) -> None:
        """`plugin_process` runs as `user`; `send` takes what the runner must know."""
        self._plugin_process, self._user, self._manifest = plugin_process, user, manifest
        self._transport, self._send = transport, send
        self._working = False

    @property
    def idle(self) -> set[int]:
        """The plugin process while it has no job; it then does not keep a cancelled job from ending."""
        return set() if self._working else {self._plugin_process.pid}

    def hear(self, control: SlotControl) -> None:
        """Pass on a control message from the runner. May be called from another thread."""
        self._plugin_process.hear(control)

    def enclose(self, folder: AttemptFolder) -> None:
        """Restrict access to the attempt's folder, before it has any content; raises OSError."""
        enclose(folder, self._user)

    def run(self, order: SlotOrder, folder: AttemptFolder) -> SlotAnswer:
        """Run the whole step; raises JobFailedError, OSError. Does not return if the plugin process ends."""
        lend(folder, self._user)
        self._working = True
        answer = self._plugin_process.run(order, lambda question: self._settle(order, folder, question))
        self._working = False
        if answer.error is not None or answer.cancelled:
            return replace(answer, untidy=True)
        take_back(folder.output, self._user)
        files, size = folder.output_size()
        return SlotAnswer(order.number, files, size, untidy=True, cpu_seconds=answer.cpu_seconds)

    def _settle(self, order: SlotOrder, folder: AttemptFolder, question: Settle) -> None:
        destination = self._transport.destination(folder)
        if destination is not None:
            settle_earlier(
                Existing(question.policy),
                question.results,
                destination,
                folder,
                LineLog(self._send),
                whole_folder=order.source is None or order.source.is_dir(),
                in_place=self._manifest.works_in_place(order.spec.template),
            )
