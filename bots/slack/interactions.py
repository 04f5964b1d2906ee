"""Clicks, shortcuts, the slash command and modals: read, authorised, and made into stored jobs or short acts.

Bolt calls these with what it has read; each acknowledges within Slack's three seconds, after its job is stored.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from answers.case_views import CaseView
from answers.feedback import Feedback, Reason
from bots.slack import blocks, case_blocks, incoming, modals
from bots.slack.installs import Workspace
from bots.slack.jobs import JobKind, SlackJob
from bots.slack.parts import Ports, Stores
from bots.slack.setting_form import settings_of
from bots.slack.web import Web
from bots.slack.worker import Worker
from core.domain import Permission, Vote
from core.errors import CopilotError

Payload = Mapping[str, object]
Acknowledge = Callable[..., Awaitable[object]]

COMMAND = "/copilot"
ASK, DRAFT, SUMMARISE = "copilot_ask_message", "copilot_draft_reply", "copilot_summarise_thread"
HELP = (
    f"`{COMMAND} your question` answers you alone, and you can share it. `{COMMAND} settings` says how I behave in this "
    "channel (for knowledge admins). Mention me or write to me directly, and I answer in the thread; follow-ups need no mention."
)
SAVED = "Saved. It holds from now on."
NOT_ADMIN = (
    "Only a knowledge admin can change how I behave here; an operator gives that role (`partner-copilot slack role`)."
)


class Context(Protocol):
    """What Bolt has found out about a request: the installing workspace, never what the message says."""

    team_id: str | None
    enterprise_id: str | None


class Interactions:
    def __init__(self, ports: Ports, stores: Stores, worker: Worker, web: Web) -> None:
        self._ports = ports
        self._stores = stores
        self._standings = stores.standings
        self._worker = worker
        self._web = web

    async def command(self, ack: Acknowledge, body: Payload, context: Context) -> None:
        workspace = await self._workspace(context)
        if workspace is None:
            await ack(text=blocks.UNMAPPED)
            return
        job = incoming.command(body, team_id=workspace.team_id, enterprise_id=workspace.enterprise_id)
        match job.text:
            case "" | "help":
                await ack(text=HELP)
            case "settings":
                self._worker.aside(self._open_settings(workspace, body, job))
                await ack()
            case _:
                await self._take(f"command-{incoming.trigger_of(body)}", job)
                await ack(text=blocks.SEARCHING)

    async def ask(self, ack: Acknowledge, body: Payload, context: Context) -> None:
        """Message shortcut "Ask Copilot about this message"."""
        if workspace := await self._workspace(context):
            job = incoming.interaction(JobKind.ASIDE, body, incoming.message_text(body), workspace=workspace)
            await self._take(f"shortcut-{incoming.trigger_of(body)}", job)
        await ack()

    async def draft(self, ack: Acknowledge, body: Payload, context: Context) -> None:
        """Message shortcut "Draft a reply"."""
        if workspace := await self._workspace(context):
            self._worker.aside(self._open_waiting(workspace, body, JobKind.DRAFT, "Draft a reply"))
        await ack()

    async def summarise(self, ack: Acknowledge, body: Payload, context: Context) -> None:
        """Message shortcut "Summarise this thread for escalation"."""
        if workspace := await self._workspace(context):
            self._worker.aside(self._open_waiting(workspace, body, JobKind.DIGEST, "Hand over a thread"))
        await ack()

    async def hand_over(self, ack: Acknowledge, body: Payload, context: Context) -> None:
        workspace, answer_id = await self._workspace(context), incoming.clicked(body)
        if workspace is not None and incoming.is_reference(answer_id):
            job = incoming.interaction(JobKind.HANDOVER, body, answer_id, workspace=workspace)
            if not await self._take(incoming.handover_id(workspace.tenant_id, answer_id), job):
                self._worker.aside(self._whisper(workspace, job, blocks.HANDED_OVER))
        await ack()

    async def share(self, ack: Acknowledge, body: Payload, context: Context) -> None:
        await self._once(JobKind.SHARE, body, context)
        await ack()

    async def private(self, ack: Acknowledge, body: Payload, context: Context) -> None:
        await self._once(JobKind.PRIVATE, body, context)
        await ack()

    async def vote(self, ack: Acknowledge, body: Payload, context: Context) -> None:
        workspace = await self._workspace(context)
        vote, _, answer_id = incoming.clicked(body).partition(":")
        if workspace is not None and vote in tuple(Vote) and incoming.is_reference(answer_id):
            job = incoming.interaction(JobKind.QUESTION, body, "", workspace=workspace)
            self._worker.aside(self._voted(workspace, job, Feedback(answer_id, Vote(vote)), incoming.trigger_of(body)))
        await ack()

    async def reason(self, ack: Acknowledge, body: Payload, context: Context) -> None:
        """The modal after a thumb down."""
        workspace, ids = await self._workspace(context), incoming.metadata(body)
        reason, right = incoming.entered(body, "reason"), incoming.entered(body, "right")
        if workspace is not None and reason in tuple(Reason) and incoming.is_reference(ids.get("answer", "")):
            job = incoming.interaction(JobKind.QUESTION, body, "", workspace=workspace)
            given = Feedback(ids["answer"], Vote.DOWN, Reason(str(reason)), correction=str(right) or None)
            self._worker.aside(self._voted(workspace, replace(job, channel=ids.get("channel", "")), given))
        await ack()

    async def case(self, ack: Acknowledge, body: Payload, context: Context) -> None:
        """Claim, hand back, resolve: the message is brought up to date by the notice that follows."""
        workspace = await self._workspace(context)
        if workspace is not None:
            job = incoming.interaction(JobKind.QUESTION, body, incoming.clicked(body), workspace=workspace)
            self._worker.aside(self._worked_on(workspace, job, incoming.action_of(body)))
        await ack()

    async def save_settings(self, ack: Acknowledge, body: Payload, context: Context) -> None:
        workspace, channel = await self._workspace(context), incoming.metadata(body).get("channel", "")
        if workspace is None or not channel:
            await ack()
            return
        job = replace(incoming.interaction(JobKind.QUESTION, body, "", workspace=workspace), channel=channel)
        try:
            principal = await self._stores.people.principal(workspace, job.user)
            await self._stores.channels.change(principal, workspace.team_id, channel, settings_of(body))
        except CopilotError as error:
            await ack(response_action="errors", errors={"mode": error.detail})
            return
        await ack()
        self._worker.aside(self._whisper(workspace, job, SAVED))

    async def send_draft(self, ack: Acknowledge, body: Payload, context: Context) -> None:
        """The modal with the draft: what is in it is posted by the job, authorised anew."""
        ids, text = incoming.metadata(body), incoming.entered(body, "text")
        await self._submitted(f"send-{ids.get('draft', '')}", JobKind.SEND, body, context, str(text))
        await ack()

    async def send_digest(self, ack: Acknowledge, body: Payload, context: Context) -> None:
        note, view = incoming.entered(body, "note"), str(incoming.view_of(body).get("id", ""))
        more = {"severity": str(incoming.entered(body, "severity"))}
        await self._submitted(f"escalate-{view}", JobKind.ESCALATE, body, context, str(note), more)
        await ack()

    async def _once(self, kind: JobKind, body: Payload, context: Context) -> None:
        """A click that does its work once for each person, however often they click."""
        workspace, answer_id = await self._workspace(context), incoming.clicked(body)
        if workspace is not None and incoming.is_reference(answer_id):
            job = incoming.interaction(kind, body, answer_id, workspace=workspace)
            await self._take(incoming.once_id(kind, job), job)

    async def _submitted(
        self,
        event_id: str,
        kind: JobKind,
        body: Payload,
        context: Context,
        text: str,
        more: Mapping[str, str] | None = None,
    ) -> None:
        workspace, ids = await self._workspace(context), incoming.metadata(body)
        if workspace is None or not {"channel", "thread"} <= ids.keys() or not text.strip():
            return
        job = incoming.interaction(kind, body, text, workspace=workspace, options={**ids, **(more or {})})
        await self._take(event_id, replace(job, channel=ids["channel"], thread_ts=ids["thread"]))

    async def _take(self, event_id: str, job: SlackJob) -> bool:
        tenant_id = await self._standings.tenant(job)
        return tenant_id is not None and await self._worker.take(event_id[:64], tenant_id, job)

    async def _workspace(self, context: Context) -> Workspace | None:
        return await self._stores.workspaces.find(context.team_id, context.enterprise_id)

    async def _open_settings(self, workspace: Workspace, body: Payload, job: SlackJob) -> None:
        principal = await self._stores.people.principal(workspace, job.user)
        if Permission.TENANT_WRITE not in principal.permissions:
            await self._whisper(workspace, job, NOT_ADMIN)
        elif workspace.bot_token is not None:
            given = await self._stores.channels.of(workspace.tenant_id, workspace.team_id, job.channel)
            view = modals.settings(job.channel, given)
            await self._web.open_view(workspace.bot_token, incoming.trigger_of(body), view)

    async def _open_waiting(self, workspace: Workspace, body: Payload, kind: JobKind, title: str) -> None:
        """Slack lets a modal be opened for three seconds: first it, then the job that fills it."""
        trigger = incoming.trigger_of(body)
        if workspace.bot_token is None:
            return
        view = await self._web.open_view(workspace.bot_token, trigger, modals.waiting(title, blocks.SEARCHING))
        text = incoming.message_text(body)
        job = incoming.interaction(kind, body, text, workspace=workspace, options={"view": view})
        await self._take(f"{kind}-{trigger}", job)

    async def _voted(self, workspace: Workspace, job: SlackJob, feedback: Feedback, trigger: str = "") -> None:
        standing = await self._standings.of(job)
        if standing is None:
            return
        try:
            await self._ports.votes.give(standing.principal, feedback)
        except CopilotError as error:
            said = f"Sorry, your feedback could not be recorded (code: {error.code})."
            await self._whisper(workspace, job, said)
            return
        if feedback.vote is Vote.DOWN and feedback.reason is None and trigger:
            view = modals.feedback(feedback.answer_id, channel=job.channel)
            await self._web.open_view(standing.token, trigger, view)
        else:
            await self._whisper(workspace, job, blocks.THANKS)

    async def _worked_on(self, workspace: Workspace, job: SlackJob, action: str) -> None:
        acts: dict[str, Callable[[Any, str], Awaitable[CaseView]]] = {
            case_blocks.CLAIM: self._ports.case_work.claim,
            case_blocks.HAND_BACK: self._ports.case_work.hand_back,
            case_blocks.RESOLVE: self._ports.case_work.resolve,
        }
        if not job.home or action not in acts:
            return
        principal = await self._stores.people.principal(workspace, job.user, channel=job.channel)
        try:
            await acts[action](principal, job.text)
        except CopilotError as error:
            await self._whisper(workspace, job, f"{error.detail[:1].upper()}{error.detail[1:]}.")

    async def _whisper(self, workspace: Workspace, job: SlackJob, text: str) -> None:
        """Tell whoever clicked, and nobody else."""
        if workspace.bot_token is not None and job.channel:
            place = (job.channel, job.thread_ts or None, job.user)
            await self._web.whisper(workspace.bot_token, *place, blocks.notice(text))
