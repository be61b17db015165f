"""Everything the routes use, put together once from the ports; knows neither RabbitMQ nor MongoDB."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.requests import Request

from taskmanager.goobi.settings import GoobiSettings, load
from taskmanager.ports.broker import Publisher
from taskmanager.ports.clock import Clock
from taskmanager.ports.readers import AccessReader, JobReader
from taskmanager.serving.http import Check
from taskmanager_gateway.acceptance import Acceptance
from taskmanager_gateway.access.part import Access, make_access
from taskmanager_gateway.access.permissions import Permissions
from taskmanager_gateway.catalogue import Catalogue
from taskmanager_gateway.checks import SpecificationCheck
from taskmanager_gateway.commanding import Commanding
from taskmanager_gateway.digests import Digests
from taskmanager_gateway.feed import Feed
from taskmanager_gateway.filesystem import PathCheck
from taskmanager_gateway.finder import JobFinder
from taskmanager_gateway.itm.identifiers import Identifiers
from taskmanager_gateway.itm.job_types import JobTypes
from taskmanager_gateway.jobfiles import JobFiles
from taskmanager_gateway.joblog import JobLogs
from taskmanager_gateway.keeping import Keeping
from taskmanager_gateway.live import Hub, Watchers
from taskmanager_gateway.open_streams import OpenStreams
from taskmanager_gateway.operating import Operating
from taskmanager_gateway.pending import PendingCommands
from taskmanager_gateway.reasons import Reasons
from taskmanager_gateway.recent import Recent
from taskmanager_gateway.settings import GatewaySettings
from taskmanager_gateway.submissions import Submissions


@dataclass(frozen=True, slots=True)
class Parts:
    """One gateway."""

    settings: GatewaySettings
    reader: JobReader
    catalogue: Catalogue
    submissions: Submissions
    commanding: Commanding
    operating: Operating
    finder: JobFinder
    reasons: Reasons
    clock: Clock
    logs: JobLogs
    files: JobFiles
    hub: Hub
    digests: Digests
    watchers: Watchers
    feed: Feed
    keeping: Keeping
    paths: PathCheck
    goobi: GoobiSettings
    job_types: JobTypes
    identifiers: Identifiers
    access: Access
    streams: OpenStreams
    checks: Mapping[str, Check]

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the list of plugins fresh, and tell which tokens were used."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.catalogue.run(stop, self.settings.plugin_refresh))
            group.create_task(self.access.run(stop))
            group.create_task(self.keeping.run(stop))

    async def end_streams(self, stop: asyncio.Event) -> None:
        """When the process stops, let go of everybody who listens, so that the server can end."""
        await stop.wait()
        self.hub.close()
        self.digests.close()
        self.watchers.notify_all()


def make_parts(  # noqa: PLR0913 - wiring
    settings: GatewaySettings,
    reader: JobReader,
    access_reader: AccessReader,
    publisher: Publisher,
    clock: Clock,
    *,
    gateway_id: str,
    stopping: asyncio.Event,
    checks: Mapping[str, Check],
) -> Parts:
    """Wire a gateway, `gateway_id` to the scheduler; raises GoobiSettingsError.

    `checks` are those of the connections; the gateway adds its own.
    """
    catalogue, recent, watchers = Catalogue(reader), Recent(settings.recent_limit), Watchers()
    hub, digests, pending = Hub(settings.event_queue_limit), Digests(), PendingCommands()
    keeping = Keeping(publisher, reader, recent, settings.topology, settings.recent_limit)
    feed = Feed(recent, watchers, hub, digests, catalogue, pending)
    finder = JobFinder(reader, recent, watchers)
    goobi = load(settings.goobi)
    paths = PathCheck(replace(settings.job_roots, mapping=goobi.path_mapping))
    acceptance = Acceptance(
        publisher,
        reader,
        recent,
        feed,
        settings.topology,
        clock,
        keeping=keeping,
        limit_bytes=settings.body_limit_bytes,
    )
    permissions = Permissions(reader, finder)
    commanding = Commanding(
        publisher,
        pending,
        finder,
        permissions,
        catalogue,
        topology=settings.topology,
        clock=clock,
        gateway_id=gateway_id,
    )
    access = make_access(
        settings,
        access_reader,
        permissions,
        commanding,
        publisher=publisher,
        topology=settings.topology,
        clock=clock,
    )
    feed.on_access_changed(access.directory.forget)
    return Parts(
        settings=settings,
        reader=reader,
        catalogue=catalogue,
        submissions=Submissions(SpecificationCheck(catalogue, goobi), paths, acceptance),
        commanding=commanding,
        operating=Operating(reader, commanding, catalogue, clock),
        finder=finder,
        reasons=Reasons(reader, clock),
        clock=clock,
        logs=JobLogs(reader, finder, watchers, stopping),
        files=JobFiles(reader, finder),
        hub=hub,
        digests=digests,
        watchers=watchers,
        feed=feed,
        keeping=keeping,
        paths=paths,
        goobi=goobi,
        job_types=JobTypes(goobi.job_types, catalogue),
        identifiers=Identifiers(reader, recent),
        access=access,
        streams=OpenStreams(settings.stream_limit, settings.streams_per_client),
        checks={**checks, "plugins": catalogue.check, "submissions": keeping.check},
    )


def parts_of(request: Request) -> Parts:
    """The gateway that serves this request."""
    parts: Parts = request.app.state.parts
    return parts
