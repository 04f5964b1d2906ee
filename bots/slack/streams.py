"""A reply while it comes into being: task updates and checked sentences, streamed; the finished answer then takes their place.

Sentences are streamed as the same safe sections that the finished answer has (`blocks` chunks), since Slack makes a link of every
address in streamed Markdown. The finished answer is written with `chat.update`, which also takes back what was withdrawn, and
which alone is left where a stream cannot be begun (rate limit, a kind of conversation without streams) or has expired.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from answers.events import AnswerEvent, Cited, Replaced, Sentence, StatusChanged
from bots.slack import blocks
from bots.slack.blocks import Block
from bots.slack.jobs import SlackJob
from bots.slack.markdown import sections
from bots.slack.web import SlackError, Web
from bots.slack.words import Words

log = structlog.get_logger()

Chunk = Mapping[str, object]

PAUSE_S = 0.6
"""Between two additions: Slack takes about 100 a minute for a workspace (tier 4)."""
MAX_BLOCKS = 48
"""Slack takes 50 in one stream; what comes later stands in the finished answer."""
_STAGES = ("searching", "reading", "checking")


class Stream:
    """One message in one thread. `ts` is the message, whichever way it was begun."""

    def __init__(self, web: Web, token: str, job: SlackJob, words: Words) -> None:
        self._web = web
        self._token = token
        self._job = job
        self._words = words
        self.ts = ""
        self._live = False
        self._waiting: list[Chunk] = []
        self._more = asyncio.Event()
        self._shown = 0
        self._stage = _STAGES[0]
        self._links: set[str] = set()
        self._sender: asyncio.Task[None] | None = None

    async def begin(self) -> str:
        """Show that the question has arrived; returns the message's `ts`. Raises `SlackError`."""
        job = self._job
        try:
            begun = await self._web.call(
                self._token,
                "chat.startStream",
                {
                    "channel": job.channel,
                    "thread_ts": job.thread_ts,
                    "recipient_team_id": job.team_id,
                    "recipient_user_id": job.user,
                    "task_display_mode": "timeline",
                    "chunks": [self._task(self._stage, "in_progress")],
                },
                patient=False,
            )
            self.ts, self._live = str(begun.get("ts", "")), True
            self._sender = asyncio.create_task(self._send())
        except SlackError as error:
            if error.fatal:
                raise
            log.info("slack_stream_not_begun", reason=error.detail)
            placeholder = blocks.notice(self._words.searching)
            self.ts = await self._web.post(self._token, job.channel, job.thread_ts, placeholder)
        return self.ts

    def show(self, event: AnswerEvent) -> None:
        """Send what the event says, soon. Nothing more of a text that was withdrawn."""
        match event:
            case StatusChanged(stage=stage) if stage in _STAGES:
                self._add(self._task(self._stage, "complete"), self._task(stage, "in_progress"))
                self._stage = stage
            case Cited(citation=citation) if citation.url:
                self._links.add(citation.url)
            case Sentence(text=text):
                self._say(text)
            case Replaced():
                self._live = False
                self._waiting.clear()
            case _:
                pass

    async def end(self) -> None:
        """No more is streamed; the message can be changed from here on."""
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)
            await stop(self._web, self._token, self._job.channel, self.ts)

    def _say(self, text: str) -> None:
        shown: list[Block] = [blocks.section(piece) for piece in sections(text, allowed=frozenset(self._links))]
        if self._shown + len(shown) <= MAX_BLOCKS:
            self._shown += len(shown)
            self._add({"type": "blocks", "blocks": shown})

    def _add(self, *chunks: Chunk) -> None:
        if self._live:
            self._waiting.extend(chunks)
            self._more.set()

    async def _send(self) -> None:
        """What has come together since the last time, in one call."""
        while self._live:
            await self._more.wait()
            self._more.clear()
            chunks, self._waiting = self._waiting, []
            added = {"channel": self._job.channel, "ts": self.ts, "chunks": chunks}
            try:
                await self._web.call(self._token, "chat.appendStream", added)
            except SlackError as error:  # the finished answer comes with chat.update all the same
                log.info("slack_stream_lost", reason=error.detail)
                self._live = False
            await asyncio.sleep(PAUSE_S)

    def _task(self, stage: str, status: str) -> Chunk:
        title = getattr(self._words, stage)
        return {"type": "task_update", "id": stage, "title": title, "status": status}


async def stop(web: Web, token: str, channel: str, ts: str) -> None:
    """End a stream, a dead process's included; whatever Slack says of it, the message itself decides."""
    try:
        await web.call(token, "chat.stopStream", {"channel": channel, "ts": ts})
    except SlackError as error:
        log.info("slack_stream_not_stopped", reason=error.detail)
