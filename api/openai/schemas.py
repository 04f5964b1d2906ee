"""What of OpenAI's request is read. What steers a model's sampling is accepted and does nothing; what would change the shape of the
answer is refused in `conversation`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from api.schemas import Body, FiltersIn


class Lenient(Body):
    """Clients send fields of their own (`chat_id`, `keep_alive`, …); they are passed over."""

    model_config = ConfigDict(extra="allow")


class PartIn(Lenient):
    type: str = Field(max_length=50)
    text: str = ""


def _as_parts(content: object) -> object:
    if content is None:
        return []
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


Content = Annotated[
    list[PartIn],
    BeforeValidator(_as_parts),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"type": {"const": "text"}, "text": {"type": "string"}},
                        "required": ["type", "text"],
                    },
                },
                {"type": "null"},
            ]
        }
    ),
]


class MessageIn(Lenient):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Content = Field(default_factory=list)
    tool_calls: list[dict[str, Any]] | None = None
    function_call: dict[str, Any] | None = None

    @property
    def text(self) -> str:
        return "\n".join(part.text for part in self.content)


class StreamOptionsIn(Lenient):
    include_usage: bool | None = None


class ExtrasIn(Body):
    """What OpenAI's request has no word for."""

    filters: FiltersIn = FiltersIn()


class ChatIn(Lenient):
    """OpenAI's `CreateChatCompletionRequest`, as far as it means something here."""

    model: str = Field(max_length=200, examples=["partner-copilot"])
    messages: list[MessageIn] = Field(
        description="the last one is the user's question; earlier ones explain follow-ups"
    )
    stream: bool | None = None
    stream_options: StreamOptionsIn | None = None
    n: int | None = Field(None, le=2**31 - 1)
    tools: list[Any] | None = None
    functions: list[Any] | None = None
    tool_choice: Any = None
    response_format: dict[str, Any] | None = None
    logprobs: bool | None = None
    modalities: list[str] | None = None
    partner_copilot: ExtrasIn = ExtrasIn()

    @property
    def include_usage(self) -> bool:
        return bool(self.stream_options and self.stream_options.include_usage)

    @property
    def ignored(self) -> list[str]:
        """Names of what was sent and has no effect, for the caller to see."""
        sent = {name for name in self.model_fields_set if getattr(self, name) is not None}
        named = {*sent, *(name for name, value in (self.model_extra or {}).items() if value is not None)}
        steering = {"system"} if any(message.role in ("system", "developer") for message in self.messages) else set()
        return sorted((named - _READ) | steering)[:50]


_READ = frozenset(
    "model messages stream stream_options n tools functions tool_choice response_format logprobs modalities partner_copilot".split()  # noqa: SIM905
)
