"""The Slack bot: HTTP events and Socket Mode into stored jobs and short acts."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping

import structlog
from slack_bolt.adapter.fastapi.async_handler import AsyncSlackRequestHandler
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bots.slack import blocks, case_blocks, incoming, interactions, modals
from bots.slack.asking import Asking
from bots.slack.drafting import Drafting
from bots.slack.escalations import Escalations
from bots.slack.interactions import Acknowledge, Context, Interactions, Payload
from bots.slack.jobs import JobKind, SlackJob
from bots.slack.parts import Ports, Stores
from bots.slack.responder import Responder
from bots.slack.signature import is_signed
from bots.slack.streams import stop
from bots.slack.talks import Talks
from bots.slack.views import AgentView
from bots.slack.web import Web, new_client
from bots.slack.words import ENGLISH
from bots.slack.worker import SWEEP_S, Worker
from core.errors import ConfigurationError
from core.models import now
from core.settings import SlackSettings

log = structlog.get_logger()


class SlackBot:
    """Mount `handle` at POST /slack/events, or run `run_socket_mode`; `start` first, `aclose` at the end."""

    def __init__(self, ports: Ports, stores: Stores, settings: SlackSettings, *, sweep_s: float = SWEEP_S) -> None:
        self._stores = stores
        self._standings = stores.standings
        self._settings = settings
        self._web = Web(settings.api_url)
        self._view = AgentView(ports.popular, self._web, settings)
        self.worker = Worker(stores.events, self._responder(ports), parallel=settings.parallel, sweep_s=sweep_s)
        self._interactions = Interactions(ports, stores, self.worker, self._web)
        self._secret = settings.signing_secret.get_secret_value() if settings.signing_secret else ""
        self._app = self._bolt()
        self._handler = AsyncSlackRequestHandler(self._app)

    async def start(self) -> None:
        """Take up what an earlier run left unfinished, and keep looking for what other processes leave."""
        await self.worker.start()

    async def aclose(self) -> None:
        """Stop. Events in work go back to the store, where the next start finds them."""
        await self.worker.aclose()

    async def handle(self, request: Request) -> Response:
        """Answer one HTTP request of Slack's: 401 unless it is signed and fresh, 200 once its event is stored, 500 where it
        could not be stored (Slack delivers it again)."""
        body = await request.body()
        if not is_signed(self._secret, body, request.headers):
            return JSONResponse({"error": "invalid request signature"}, status_code=401)
        with self.worker.arriving():
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

    def _responder(self, ports: Ports) -> Responder:
        stores, web = self._stores, self._web
        asking = Asking(ports.answerer, stores.threads)
        talks = Talks(
            asking=asking,
            given=ports.given,
            standings=self._standings,
            cases=stores.places,
            events=stores.events,
            web=web,
            view=self._view,
        )
        escalations = Escalations(
            cases=ports.cases,
            places=stores.places,
            asking=asking,
            redact=ports.redact,
            events=stores.events,
            web=web,
            max_messages=self._settings.max_thread_messages,
        )
        drafting = Drafting(asking=asking, given=ports.given, drafts=stores.drafts, events=stores.events, web=web)
        return Responder(
            talks=talks,
            escalations=escalations,
            drafting=drafting,
            standings=self._standings,
            events=stores.events,
            web=web,
        )

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
        self._listen(app)
        app.event(re.compile(".*"))(_ignore)
        app.action(re.compile(".*"))(_acknowledge)
        app.view(re.compile(".*"))(_acknowledge)
        return app

    def _listen(self, app: AsyncApp) -> None:
        act = self._interactions
        app.event("app_mention")(self._on_question)
        app.event("message")(self._on_message)
        app.event("app_home_opened")(self._on_opened)
        app.event("assistant_thread_started")(self._on_opened)
        app.event("agent_session_stopped")(self._on_stop)
        app.event("app_uninstalled")(self._on_uninstalled)
        app.event("tokens_revoked")(self._on_revoked)
        app.command(interactions.COMMAND)(act.command)
        app.shortcut(interactions.ASK)(act.ask)
        app.shortcut(interactions.DRAFT)(act.draft)
        app.shortcut(interactions.SUMMARISE)(act.summarise)
        app.action(blocks.FEEDBACK)(act.vote)
        app.action(blocks.HANDOVER)(act.hand_over)
        app.action(blocks.SHARE)(act.share)
        app.action(blocks.PRIVATE)(act.private)
        for action in (case_blocks.CLAIM, case_blocks.HAND_BACK, case_blocks.RESOLVE):
            app.action(action)(act.case)
        app.view(modals.FEEDBACK)(act.reason)
        app.view(modals.SETTINGS)(act.save_settings)
        app.view(modals.DRAFT)(act.send_draft)
        app.view(modals.DIGEST)(act.send_digest)

    async def _authorize(self, team_id: str | None, enterprise_id: str | None) -> AuthorizeResult | None:
        token = await self._stores.workspaces.token(team_id, enterprise_id)
        if token is None:
            log.warning("slack_workspace_without_token", team=team_id, enterprise=enterprise_id)
            return None
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=token)

    async def _on_question(self, body: Payload, context: Context) -> None:
        team_id = context.team_id or context.enterprise_id or ""
        job = incoming.question(body, team_id=team_id, enterprise_id=context.enterprise_id)
        if job is None:
            return
        tenant_id = await self._standings.tenant(job)
        if tenant_id is None:
            self.worker.aside(self._turn_away(job))
        else:
            await self.worker.take(incoming.event_id(body), tenant_id, job)

    async def _on_message(self, body: Payload, context: Context) -> None:
        """A direct message, a follow-up in a known thread, or what is said in a channel where the copilot answers by itself."""
        team_id = context.team_id or context.enterprise_id or ""
        job = incoming.overheard(body, team_id=team_id, enterprise_id=context.enterprise_id)
        if job is None:
            await self._on_question(body, context)
        elif (tenant_id := await self._standings.tenant(job)) is not None and await self._is_meant(tenant_id, job):
            await self.worker.take(incoming.event_id(body), tenant_id, job)

    async def _is_meant(self, tenant_id: str, job: SlackJob) -> bool:
        """Whether the copilot has any business with what nobody addressed to it. Nothing of the rest is stored."""
        if job.kind is JobKind.FOLLOW_UP:
            return await self._stores.threads.knows(tenant_id, job)
        workspace = await self._stores.workspaces.find(job.team_id, job.enterprise_id)
        if workspace is None:
            return False
        given = await self._stores.channels.of(workspace.tenant_id, job.team_id, job.channel)
        return given.hears(job.text, now())

    async def _on_opened(self, body: Payload, context: Context) -> None:
        workspace = await self._stores.workspaces.find(context.team_id, context.enterprise_id)
        if workspace is not None:
            self.worker.aside(self._view.suggest(workspace, body))

    async def _on_stop(self, body: Payload, context: Context) -> None:
        workspace = await self._stores.workspaces.find(context.team_id, context.enterprise_id)
        event = incoming.event_of(body)
        channel, thread_ts = str(event.get("channel", "")), str(event.get("thread_ts", ""))
        if workspace is not None and workspace.bot_token is not None:
            job = incoming.place(workspace, channel, thread_ts)
            tenant_id = await self._standings.tenant(job) or workspace.tenant_id
            self.worker.aside(self._stop(tenant_id, workspace.bot_token, channel, thread_ts))

    async def _stop(self, tenant_id: str, token: str, channel: str, thread_ts: str) -> None:
        for claim in await self.worker.stop(tenant_id, channel, thread_ts):
            if claim.reply_ts is not None:
                await stop(self._web, token, channel, claim.reply_ts)
                await self._web.update(token, channel, claim.reply_ts, blocks.notice(ENGLISH.stopped))
        await self._view.working(token, channel, thread_ts, busy=False)

    async def _on_uninstalled(self, _body: Payload, context: Context) -> None:
        if context.team_id or context.enterprise_id:
            await self._stores.workspaces.uninstalled(context.team_id or context.enterprise_id or "")

    async def _on_revoked(self, body: Payload, context: Context) -> None:
        """Of the bot's own token; users' tokens we have none of."""
        tokens = incoming.event_of(body).get("tokens")
        if isinstance(tokens, Mapping) and tokens.get("bot"):
            await self._on_uninstalled(body, context)

    async def _turn_away(self, job: SlackJob) -> None:
        token = await self._stores.workspaces.token(job.team_id, job.enterprise_id)
        log.warning("slack_workspace_unmapped", team=job.team_id)
        if token is not None:
            await self._web.post(token, job.channel, job.thread_ts, blocks.notice(blocks.UNMAPPED))


async def _ignore() -> None:
    """Events that we did not ask for, and those of other kinds of messages."""


async def _acknowledge(ack: Acknowledge) -> None:
    """Buttons of other apps' making, such as links."""
    await ack()
