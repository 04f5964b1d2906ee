"""`partner-copilot worker`: runs queued jobs beside the server."""

from __future__ import annotations

from api.bootstrap import open_services
from core.errors import ConfigurationError
from core.settings import IndexKind, Settings


async def run_worker(settings: Settings) -> None:
    """Until cancelled. Raises `ConfigurationError` (`worker_needs_server`) with the embedded index."""
    if settings.index.kind is IndexKind.EMBEDDED:
        raise ConfigurationError(
            "a worker needs a Qdrant server: the embedded index belongs to the one process that serves. "
            "Set COPILOT_INDEX__KIND=server and COPILOT_INDEX__URL, or let 'partner-copilot serve' run the jobs itself",
            code="worker_needs_server",
        )
    async with (
        open_services(settings) as services,
        services.schedule.running(),
        services.rights.schedule.running(),
        services.anchors.running(),
    ):
        services.messengers.start()
        await services.jobs.poll()
