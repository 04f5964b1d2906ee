"""What the agent view suggests, and how a session's stop button is obeyed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import structlog

from bots.slack import incoming
from bots.slack.installs import Workspace
from bots.slack.web import SlackError, Web
from core.settings import SlackSettings

log = structlog.get_logger()

TITLE_CHARS = 60
MESSAGE_CHARS = 500
DEFAULT_PROMPTS = (
    "What changed in the latest release?",
    "How do I bring a till that is offline back into service?",
)
"""Until enough people have asked: those of the manifest."""


class TopQuestions(Protocol):
    """`answers.popular.Popular` is one."""

    async def top(self, tenant_id: str, *, askers: str, days: float, limit: int) -> list[str]: ...


class AgentView:
    def __init__(self, popular: TopQuestions, web: Web, settings: SlackSettings) -> None:
        self._popular = popular
        self._web = web
        self._settings = settings

    async def suggest(self, workspace: Workspace, body: Mapping[str, object]) -> None:
        """The tenant's top questions, when somebody opens the conversation with the copilot."""
        channel, thread_ts = _opened(incoming.event_of(body))
        if not channel or workspace.bot_token is None or not self._settings.prompts:
            return
        asked = await self._popular.top(
            workspace.tenant_id,
            askers=f"slack:{workspace.team_id}:",
            days=self._settings.prompt_days,
            limit=self._settings.prompts,
        )
        prompts = [_prompt(text) for text in (asked or DEFAULT_PROMPTS)][: self._settings.prompts]
        arguments: dict[str, object] = {"channel_id": channel, "prompts": prompts}
        arguments |= {"thread_ts": thread_ts} if thread_ts else {}
        await self._web.call(workspace.bot_token, "assistant.threads.setSuggestedPrompts", arguments)

    async def working(self, token: str, channel: str, thread_ts: str, *, busy: bool) -> None:
        """Show or take away the session's stop button. Not every conversation has sessions."""
        status = "processing" if busy else "active"
        try:
            await self._web.call(
                token,
                "agents.sessions.setStatus",
                {"channel_id": channel, "thread_ts": thread_ts, "status": status},
                patient=False,
            )
        except SlackError as error:
            log.info("slack_session_not_told", reason=error.detail)


def _opened(event: Mapping[str, object]) -> tuple[str, str]:
    """Channel and thread of `app_home_opened` (agent view, its messages tab) or `assistant_thread_started`."""
    thread = event.get("assistant_thread")
    if isinstance(thread, dict):
        return str(thread.get("channel_id", "")), str(thread.get("thread_ts", ""))
    return (str(event.get("channel", "")), "") if event.get("tab") == "messages" else ("", "")


def _prompt(question: str) -> Mapping[str, str]:
    words = " ".join(question.split())
    title = words if len(words) <= TITLE_CHARS else words[: TITLE_CHARS - 2] + " …"
    return {"title": title, "message": words[:MESSAGE_CHARS]}
