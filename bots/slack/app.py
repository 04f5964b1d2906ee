"""The Slack bot: HTTP events and Socket Mode into stored jobs, buttons into feedback and cases."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import timedelta
from typing import Protocol

import structlog
from slack_bolt.adapter.fastapi.async_handler import AsyncSlackRequestHandler
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from answers.feedback import Feedback
from bots.slack import blocks, incoming
from bots.slack.events import Events
from bots.slack.installs import Workspace, Workspaces
from bots.slack.jobs import SlackJob
from bots.slack.responder import Answerer, Cases, Responder, Votes
from bots.slack.signature import is_signed
from bots.slack.threads import Threads
from bots.slack.web import SlackError, Web, new_client
from core.domain import Vote
from core.errors import ConfigurationError, CopilotError
from core.settings import SlackSettings

log = structlog.get_logger()

SWEEP_S = 30.0
"""Time between two looks for events that nobody works on, in seconds."""
LEASE = timedelta(minutes=6)
"""After so long another process may take a claimed event over: longer than an answer and its calls to Slack take."""

Payload = Mapping[str, object]
Acknowledge = Callable[[], Awaitable[object]]


class Context(Protocol):
    """What Bolt has found out about a request: the installing workspace, never what the message says."""

    team_id: str | None
    enterprise_id: str | None


class SlackBot:
    """Mount `handle` at POST /slack/events, or run `run_socket_mode`; `start` first, `aclose` at the end."""

    def __init__(
        self,
        *,
        answerer: Answerer,
        votes: Votes,
        cases: Cases,
        workspaces: Workspaces,
        events: Events,
        threads: Threads,
        settings: SlackSettings,
        sweep_s: float = SWEEP_S,
    ) -> None:
        self._votes = votes
        self._workspaces = workspaces
        self._events = events
        self._settings = settings
        self._sweep_s = sweep_s
        self._web = Web(settings.api_url)
        self._responder = Responder(
            answerer=answerer, cases=cases, workspaces=workspaces, events=events, threads=threads, web=self._web
        )
        self._secret = settings.signing_secret.get_secret_value() if settings.signing_secret else ""
        self._app = self._bolt()
        self._handler = AsyncSlackRequestHandler(self._app)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._asides: set[asyncio.Task[None]] = set()
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take up what an earlier run left unfinished, and keep looking for what other processes leave."""
        await self._sweep(timedelta(0) if self._events.single_process else LEASE)
        self._sweeper = asyncio.create_task(self._keep_sweeping())

    async def aclose(self) -> None:
        """Stop. Events in work go back to the store, where the next start finds them."""
        tasks = [*self._running.values(), *self._asides, *([self._sweeper] if self._sweeper else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def handle(self, request: Request) -> Response:
        """Answer one HTTP request of Slack's: 401 unless it is signed and fresh, 200 once its event is stored, 500 where it
        could not be stored (Slack delivers it again)."""
        body = await request.body()
        if not is_signed(self._secret, body, request.headers):
            return JSONResponse({"error": "invalid request signature"}, status_code=401)
        response: Response = await self._handler.handle(request)
        return response

    async def run_socket_mode(self) -> None:
        """Receive events through a web socket until cancelled. Raises `ConfigurationError` without an app token."""
        if self._settings.app_token is None:
            raise ConfigurationError("Socket Mode needs the app-level token COPILOT_SLACK__APP_TOKEN (xapp-…)")
        handler = AsyncSocketModeHandler(self._app, self._settings.app_token.get_secret_value())
        try:
            await handler.connect_async()
            await asyncio.Event().wait()
        finally:
            await handler.close_async()

    def _bolt(self) -> AsyncApp:
        """`process_before_response`: Bolt would otherwise acknowledge an event before our listener has stored it."""

        async def authorize(team_id: str | None, enterprise_id: str | None) -> AuthorizeResult | None:
            # A function of its own: Bolt reads the names of its arguments, and takes a method's `self` for one of them.
            return await self._authorize(team_id, enterprise_id)

        app = AsyncApp(
            name="partner-copilot",
            logger=logging.getLogger("slack_bolt"),
            signing_secret=self._secret,
            client=new_client(self._settings.api_url),
            authorize=authorize,
            process_before_response=True,
        )
        app.event("app_mention")(self._on_question)
        app.event("message")(self._on_question)
        app.action(blocks.FEEDBACK)(self._on_vote)
        app.action(blocks.HANDOVER)(self._on_handover)
        app.event(re.compile(".*"))(_ignore)
        app.action(re.compile(".*"))(_acknowledge)
        return app

    async def _authorize(self, team_id: str | None, enterprise_id: str | None) -> AuthorizeResult | None:
        token = await self._workspaces.token(team_id, enterprise_id)
        if token is None:
            log.warning("slack_workspace_without_token", team=team_id, enterprise=enterprise_id)
            return None
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=token)

    async def _on_question(self, body: Payload, context: Context) -> None:
        team_id = context.team_id or context.enterprise_id or ""
        job = incoming.question(body, team_id=team_id, enterprise_id=context.enterprise_id)
        if job is None:
            return
        workspace = await self._workspaces.find(context.team_id, context.enterprise_id)
        if workspace is None:
            self._aside(self._turn_away(job))
        else:
            await self._take(incoming.event_id(body), workspace, job)

    async def _on_handover(self, ack: Acknowledge, body: Payload, context: Context) -> None:
        workspace = await self._workspaces.find(context.team_id, context.enterprise_id)
        answer_id = incoming.clicked(body)
        if workspace is not None and incoming.is_reference(answer_id):
            job = incoming.handover(body, answer_id, team_id=workspace.team_id, enterprise_id=context.enterprise_id)
            if not await self._take(incoming.handover_id(workspace.tenant_id, answer_id), workspace, job):
                self._aside(self._whisper(workspace, body, blocks.HANDED_OVER))
        await ack()

    async def _on_vote(self, ack: Acknowledge, body: Payload, context: Context) -> None:
        workspace = await self._workspaces.find(context.team_id, context.enterprise_id)
        vote, _, answer_id = incoming.clicked(body).partition(":")
        if workspace is not None and vote in tuple(Vote) and incoming.is_reference(answer_id):
            self._aside(self._vote(workspace, body, Feedback(answer_id, Vote(vote))))
        await ack()

    async def _take(self, event_id: str, workspace: Workspace, job: SlackJob) -> bool:
        """Store first, then begin; False for a redelivery of a stored event, which begins nothing."""
        stored = await self._events.store(event_id, workspace.tenant_id, job)
        if stored:
            self._begin(event_id)
        return stored

    def _begin(self, event_id: str) -> None:
        task = asyncio.create_task(self._respond(event_id))
        self._running[event_id] = task
        task.add_done_callback(lambda _task: self._running.pop(event_id, None))

    async def _respond(self, event_id: str) -> None:
        try:
            await self._responder.respond(event_id)
        except Exception as error:  # an event is a process edge; the sweep takes the event up again
            log.error("slack_event_failed", event_id=event_id, exc_info=error)

    async def _turn_away(self, job: SlackJob) -> None:
        token = await self._workspaces.token(job.team_id, job.enterprise_id)
        log.warning("slack_workspace_unmapped", team=job.team_id)
        if token is not None:
            await self._web.post(token, job.channel, job.thread_ts, blocks.notice(blocks.UNMAPPED))

    async def _vote(self, workspace: Workspace, body: Payload, feedback: Feedback) -> None:
        try:
            await self._votes.give(workspace.principal(incoming.user_of(body)), feedback)
            said = blocks.THANKS
        except CopilotError as error:
            said = f"Sorry, your feedback could not be recorded (code: {error.code})."
        await self._whisper(workspace, body, said)

    async def _whisper(self, workspace: Workspace, body: Payload, text: str) -> None:
        """Tell whoever clicked, and nobody else."""
        if workspace.bot_token is not None:
            place = (incoming.channel_of(body), incoming.thread_of(body), incoming.user_of(body))
            await self._web.whisper(workspace.bot_token, *place, blocks.notice(text))

    def _aside(self, work: Coroutine[object, object, None]) -> None:
        """Short work after the acknowledgement that a crash may lose: the user can click again."""

        async def run() -> None:
            try:
                await work
            except SlackError as error:
                log.warning("slack_message_failed", reason=error.detail)
            except Exception as error:  # a click is a process edge
                log.error("slack_action_failed", exc_info=error)

        task = asyncio.create_task(run())
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    async def _sweep(self, lease: timedelta) -> None:
        for event_id in await self._events.due(running=self._running, lease=lease):
            self._begin(event_id)

    async def _keep_sweeping(self) -> None:
        while True:
            await asyncio.sleep(self._sweep_s)
            try:
                await self._sweep(LEASE)
            except Exception as error:  # the database may be away for a while; the next look finds the events
                log.error("slack_sweep_failed", exc_info=error)


async def _ignore() -> None:
    """Events that we did not ask for: acknowledged, so that Slack does not deliver them again."""


async def _acknowledge(ack: Acknowledge) -> None:
    await ack()
