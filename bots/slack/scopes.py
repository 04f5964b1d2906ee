"""What the app may do in a workspace, and why: the manifest asks for these scopes, no more and no less.

Methods' scopes: docs.slack.dev/reference/methods; events' scopes: docs.slack.dev/reference/events.
"""

from __future__ import annotations

METHODS: dict[str, tuple[str, ...]] = {
    "agents.sessions.setStatus": ("chat:write",),
    "assistant.threads.setSuggestedPrompts": ("assistant:write",),
    "chat.appendStream": ("chat:write",),
    "chat.postEphemeral": ("chat:write",),
    "chat.postMessage": ("chat:write", "chat:write.customize"),  # the latter for a person's name over their own draft
    "chat.startStream": ("chat:write",),
    "chat.stopStream": ("chat:write",),
    "chat.update": ("chat:write",),
    "conversations.info": ("channels:read", "groups:read"),
    "conversations.replies": ("channels:history", "groups:history", "im:history"),
    "oauth.v2.access": (),
    "users.info": ("users:read",),
    "views.open": (),
    "views.update": (),
}
EVENTS: dict[str, tuple[str, ...]] = {
    "agent_session_stopped": ("assistant:write",),
    "app_home_opened": (),
    "app_mention": ("app_mentions:read",),
    "app_uninstalled": (),
    "message.channels": ("channels:history",),
    "message.groups": ("groups:history",),
    "message.im": ("im:history",),
    "tokens_revoked": (),
}
COMMANDS = ("commands",)
"""Slash command and shortcuts."""

SCOPES = tuple(sorted({*COMMANDS, *(one for needed in (METHODS | EVENTS).values() for one in needed)}))
