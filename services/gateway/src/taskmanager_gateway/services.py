"""Everything the routes use, put together once from the ports; independent of RabbitMQ and MongoDB."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.requests import Request

from taskmanager.channels import settings as channels
from taskmanager.goobi.settings import GoobiSettings, load
from taskmanager.ports.broker import Publisher
from taskmanager.ports.clock import Clock
from taskmanager.ports.readers import AccessReader, JobReader
from taskmanager.serving.http import HealthCheck
from taskmanager_gateway.account_services import AccessServices, make_access_services
from taskmanager_gateway.change_feed import Feed
from taskmanager_gateway.commands.pending import PendingCommands
from taskmanager_gateway.commands.permissions import Permissions
from taskmanager_gateway.commands.service import CommandService
from taskmanager_gateway.dead_letters.service import DeadLetterService
from taskmanager_gateway.http.open_streams import OpenStreams
from taskmanager_gateway.itm.identifiers import Identifiers
from taskmanager_gateway.itm.job_types import JobTypes
from taskmanager_gateway.jobs.files import JobFiles
from taskmanager_gateway.jobs.finder import JobFinder
from taskmanager_gateway.jobs.log import JobLogs
from taskmanager_gateway.jobs.recent import Recent
from taskmanager_gateway.jobs.wait_reason_lookup import WaitReasonLookup
from taskmanager_gateway.live.digests import Digests
from taskmanager_gateway.live.hub import Hub, Watchers
from taskmanager_gateway.live.running_jobs import RunningJobs
from taskmanager_gateway.notes.service import NoteService
from taskmanager_gateway.notifications.service import NotificationService
from taskmanager_gateway.operations.service import OperationService
from taskmanager_gateway.pictures.readers import Readers
from taskmanager_gateway.pictures.service import Pictures
from taskmanager_gateway.plugins.catalogue import PluginCatalogue
from taskmanager_gateway.presets.service import PresetService
from taskmanager_gateway.processes.reading import ProcessReading
from taskmanager_gateway.reports.service import ReportService
from taskmanager_gateway.settings import GatewaySettings
from taskmanager_gateway.submissions.acceptance import Acceptance
from taskmanager_gateway.submissions.folder_reader import FolderReader
from taskmanager_gateway.submissions.outbox import SubmissionOutbox
from taskmanager_gateway.submissions.path_check import PathCheck
from taskmanager_gateway.submissions.persistence_watch import PersistenceWatch
from taskmanager_gateway.submissions.service import SubmissionService
from taskmanager_gateway.submissions.specification_check import SpecificationCheck


@dataclass(frozen=True, slots=True)
class Services:
    """The services of one gateway."""

    settings: GatewaySettings
    reader: JobReader
    catalogue: PluginCatalogue
    submissions: SubmissionService
    commanding: CommandService
    operating: OperationService
    reports: ReportService
    processes: ProcessReading
    dead_letters: DeadLetterService
    presets: PresetService
    notifications: NotificationService
    notes: NoteService
    finder: JobFinder
    reasons: WaitReasonLookup
    running: RunningJobs
    clock: Clock
    logs: JobLogs
    files: JobFiles
    hub: Hub
    digests: Digests
    watchers: Watchers
    feed: Feed
    keeping: PersistenceWatch
    paths: PathCheck
    folders: FolderReader
    pictures: Pictures
    goobi: GoobiSettings
    job_types: JobTypes
    identifiers: Identifiers
    access: AccessServices
    streams: OpenStreams
    checks: Mapping[str, HealthCheck]

    async def run(self, stop: asyncio.Event) -> None:
        """Refresh the list of plugins, report uses of tokens, and watch submissions until they are stored."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.catalogue.run(stop, self.settings.plugin_refresh))
            group.create_task(self.access.run(stop))
            group.create_task(self.keeping.run(stop))

    async def end_streams(self, stop: asyncio.Event) -> None:
        """When the process stops, disconnect all listeners so that the server can finish."""
        await stop.wait()
        self.hub.close()
        self.digests.close()
        self.watchers.notify_all()


def make_services(  # noqa: PLR0913 - wiring
    settings: GatewaySettings,
    reader: JobReader,
    access_reader: AccessReader,
    publisher: Publisher,
    clock: Clock,
    *,
    gateway_id: str,
    stopping: asyncio.Event,
    checks: Mapping[str, HealthCheck],
) -> Services:
    """Wire a gateway that the scheduler knows as `gateway_id`.

    Raises GoobiSettingsError and NotificationSettingsError. `checks` are those of the connections; the
    gateway adds its own.
    """
    catalogue, recent, watchers = PluginCatalogue(reader), Recent(settings.recent_limit), Watchers()
    hub, digests, pending = Hub(settings.event_queue_limit), Digests(), PendingCommands()
    running = RunningJobs(reader)
    feed = Feed(recent, watchers, hub, digests, catalogue, pending, running=running)
    outbox = SubmissionOutbox(publisher, settings.topology, feed)
    keeping = PersistenceWatch(outbox, reader, recent, settings.topology, settings.recent_limit)
    finder = JobFinder(reader, recent, watchers)
    goobi = load(settings.goobi)
    roots = replace(settings.job_roots, mapping=goobi.path_mapping)
    paths = PathCheck(roots)
    acceptance = Acceptance(
        outbox,
        reader,
        recent,
        feed,
        clock,
        keeping=keeping,
        limit_bytes=settings.body_limit_bytes,
    )
    permissions = Permissions(reader, finder)
    processes = ProcessReading(reader, goobi)
    commanding = CommandService(
        publisher,
        pending,
        finder,
        permissions,
        catalogue,
        topology=settings.topology,
        clock=clock,
        gateway_id=gateway_id,
    )
    access = make_access_services(
        settings,
        access_reader,
        permissions,
        commanding,
        publisher=publisher,
        topology=settings.topology,
        clock=clock,
    )
    feed.on_access_changed(access.directory.forget)
    check = SpecificationCheck(catalogue, goobi)
    return Services(
        settings=settings,
        reader=reader,
        catalogue=catalogue,
        submissions=SubmissionService(check, paths, acceptance),
        commanding=commanding,
        operating=OperationService(reader, commanding, catalogue, clock),
        reports=ReportService(reader, permissions, commanding, goobi, clock),
        processes=processes,
        notes=NoteService(reader, finder, processes, commanding),
        dead_letters=DeadLetterService(reader, commanding, settings.topology),
        presets=PresetService(reader, commanding, check),
        notifications=NotificationService(reader, commanding, channels.load(settings.notifications)),
        finder=finder,
        reasons=WaitReasonLookup(reader, clock, running),
        running=running,
        clock=clock,
        logs=JobLogs(reader, finder, watchers, stopping),
        files=JobFiles(reader, finder),
        hub=hub,
        digests=digests,
        watchers=watchers,
        feed=feed,
        keeping=keeping,
        paths=paths,
        folders=FolderReader(roots),
        pictures=Pictures(roots, settings.pictures, Readers.of(settings.pictures)),
        goobi=goobi,
        job_types=JobTypes(goobi.job_types, catalogue),
        identifiers=Identifiers(reader, recent),
        access=access,
        streams=OpenStreams(settings.stream_limit, settings.streams_per_client),
        checks={**checks, "plugins": catalogue.check, "submissions": keeping.check},
    )


def services_of(request: Request) -> Services:
    """The gateway that serves this request."""
    services: Services = request.app.state.services
    return services
