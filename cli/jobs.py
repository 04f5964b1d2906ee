"""Commands for jobs: what runs, what waits, what failed; once more, or not at all."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.common import AsJson, Tenant, called, err, out, print_json, run, settings
from core.domain import Audience
from core.errors import CopilotError
from core.jobs import JobStatus

if TYPE_CHECKING:
    from api.client import Client

jobs = typer.Typer(no_args_is_help=True, help="Long work: list, watch, retry and cancel jobs.")

POLL_S = 0.5
OPEN = (JobStatus.QUEUED, JobStatus.RUNNING)
JobId = Annotated[str, typer.Argument(help="The job's id, as 'job list' shows it.")]
Job = dict[str, Any]


@jobs.command("list")
def job_list(
    tenant: Tenant,
    status: Annotated[JobStatus | None, typer.Option(help="Only jobs in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 20,
    after: Annotated[str | None, typer.Option(help="Go on after this job.")] = None,
    as_json: AsJson = False,
) -> None:
    """List a tenant's jobs, newest first. Those that want a person: --status failed."""
    query = "".join(f"&{name}={value}" for name, value in (("status", status), ("after", after)) if value)
    page = called(tenant, "GET", f"/v1/jobs?limit={limit}{query}")
    print_json(page) if as_json else _show_page(page)


@jobs.command("show")
def job_show(job_id: JobId, tenant: Tenant, as_json: AsJson = False) -> None:
    """Show a job with its result."""
    found = called(tenant, "GET", f"/v1/jobs/{job_id}")
    print_json(found) if as_json else _show(found)


@jobs.command("watch")
def job_watch(job_id: JobId, tenant: Tenant, as_json: AsJson = False) -> None:
    """Follow a job until it ends; with --json, one line for each change. Fails where the job does."""
    found = run(_watched(tenant, job_id, as_json=as_json))
    if not as_json:
        _show(found)
    if found["status"] != JobStatus.DONE:
        raise typer.Exit(1)


@jobs.command("retry")
def job_retry(job_id: JobId, tenant: Tenant, as_json: AsJson = False) -> None:
    """Run a failed or cancelled job again, or one that waits for a fault to pass at once."""
    found = called(tenant, "POST", f"/v1/jobs/{job_id}/retry")
    print_json(found) if as_json else _show(found)


@jobs.command("cancel")
def job_cancel(job_id: JobId, tenant: Tenant, as_json: AsJson = False) -> None:
    """Stop a job; what it finished stays."""
    found = called(tenant, "POST", f"/v1/jobs/{job_id}/cancel")
    print_json(found) if as_json else _show(found)


async def follow(copilot: Client, job: Job, *, as_json: bool) -> Job:
    """The job once it has ended; its progress is shown on standard error, or as JSON lines on standard output."""
    before: Job = {}
    with ProgressBar(err) as bar:
        while True:
            if as_json and job != before:
                print_json(job)
            elif not as_json:
                bar(job)
            if job["status"] not in OPEN:
                return job
            before = job
            await asyncio.sleep(POLL_S)
            job = await copilot.call("GET", f"/v1/jobs/{job['id']}")


class ProgressBar:
    """Shows one job's stage, rate and remaining time."""

    def __init__(self, console: Console) -> None:
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}")
        self._bar = Progress(*columns, TimeRemainingColumn(), console=console)
        self._task = self._bar.add_task("", total=None, rate="")

    def __enter__(self) -> ProgressBar:
        return self

    def __call__(self, job: Job) -> None:
        """Begins to draw with the first call."""
        self._bar.start()
        progress = job["progress"]
        stage = progress.get("stage") if job["status"] == JobStatus.RUNNING else job["status"]
        self._bar.update(
            self._task,
            description=f"{job['kind']}: {stage}",
            completed=progress.get("done", 0),
            total=progress.get("total") or None,
            rate=f"{progress.get('rate', 0):.1f}/s",
        )

    def __exit__(self, *_fault: object) -> None:
        self._bar.stop()


async def _watched(tenant: str, job_id: str, *, as_json: bool) -> Job:
    from api.client import client
    from api.serve import running_url

    found = settings()
    if running_url(found.home) is None:
        err.print("no server runs on this data folder: the job goes on when one is started, or a worker")
    async with client(found, tenant=tenant, audience=Audience.AGENT) as copilot:
        return await follow(copilot, await copilot.call("GET", f"/v1/jobs/{job_id}"), as_json=as_json)


def _show_page(page: Job) -> None:
    for job in page["jobs"]:
        out.print(_line(job))
    if not page["jobs"]:
        out.print("no jobs")
    if page["next"]:
        out.print(f"more with --after {page['next']}")


def _line(job: Job) -> str:
    colour = {"failed": "red", "done": "green", "running": "cyan"}.get(job["status"], "yellow")
    progress = job["progress"]
    stage = progress.get("stage", "") if job["status"] == JobStatus.RUNNING else ""
    done = f"{progress['done']}/{progress['total']} {stage}" if progress.get("total") else ""
    why = f"{job['error']['detail']} [{job['error']['code']}]" if job["error"] else ""
    head = f"{job['id']}  [{colour}]{job['status']:<9}[/{colour}]  {job['kind']:<12}  {job['created_at'][:19]}Z"
    return f"{head}  {escape(done)}  {escape(why)}".rstrip()


def _show(job: Job) -> None:
    out.print(_line(job))
    if job["status"] == JobStatus.QUEUED and job["error"]:
        out.print(f"tried again at {job['not_before'][:19]}Z ({job['attempts']} failed tries)")
    for name, value in job["result"].items():
        out.print(escape(f"{name}: {_told(value)}"))


def _told(value: object) -> str:
    """One value of a result in words: how many of what, why a sync stopped, or the value."""
    match value:
        case list():
            return f"{len(value)}, listed with --json"
        case {"detail": detail, "code": code}:
            return f"{detail} [{code}]"
        case dict():
            return ", ".join(f"{count} {what}" for what, count in sorted(value.items())) or "none"
        case _:
            return str(value)


def require_done(job: Job) -> None:
    """Raises the fault that a job ended with."""
    if job["status"] != JobStatus.DONE:
        raise CopilotError(job["error"]["detail"], code=job["error"]["code"])
