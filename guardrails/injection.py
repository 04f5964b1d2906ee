"""Signs of prompt injection in a question or a document: rules a sentence at a time, and characters that nobody sees.

A signal is evidence for a person or a policy, never the defence itself: that is that the answer path has no tools and that
nothing leaves unscreened. So precision comes first; "ignore this warning" in a question about a compiler is no attack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from guardrails.hidden import View, hidden_places, normalise, view

__all__ = ["Signal", "normalise", "scan"]

_EXCERPT = 120
"""Characters of the text that a signal quotes."""
_TAGS = range(0xE0000, 0xE0080)
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FEW_HIDDEN = 3
"""A pasted web page brings a stray zero-width blank or two; a run of them is a message."""
_SENTENCE = re.compile(r"[^\n.!?。！？]+(?:[.!?。！？](?![\s\n]|$)[^\n.!?。！？]*)*[.!?。！？]*")

_ORDERS = (
    r"(?:instructions?|prompts?|rules?|guidelines?|directions?|directives?|guardrails?|restrictions?"
    r"|constraints?|programming|training|polic(?:y|ies))"
)
_EARLIER = (
    r"(?:all|any|every|each|your|my|the|these|those|previous|prior|above|earlier|preceding|foregoing|past"
    r"|existing|original|initial|system|"
    r"given|current|safety|former|other|of|content|own|developer'?s?)"
)
_OVERRIDE = (
    r"(?:ignore|disregard|forget|override|overrule|bypass|discard|neglect|skip|drop|abandon|do not follow"
    r"|don't follow|stop following|pay no attention to)"
)


@dataclass(frozen=True, slots=True)
class Signal:
    """Characters ``start…end`` of the text as given; `excerpt` quotes at most 120 of them, hidden ones left out."""

    kind: str
    start: int
    end: int
    excerpt: str


def _rule(kind: str, expression: str) -> tuple[str, re.Pattern[str]]:
    return kind, re.compile(expression, re.IGNORECASE | re.VERBOSE)


_SENTENCE_RULES = (
    _rule(
        "instruction_override",
        rf"""\b{_OVERRIDE}\s+(?:(?:to|about)\s+)?(?:{_EARLIER}\s+){{1,5}}{_ORDERS}\b
        | \b{_OVERRIDE}\s+(?:everything|anything|all|what(?:ever)?)\s+(?:(?:that\s+)?(?:was|is|came|comes
          |you\s+were|i|we|have\s+been)\s+)?
          (?:above|before|earlier|previously|told|said|written)\b
        | \b(?:your|the)\s+(?:new|real|actual|true|only|updated)\s+(?:instructions?|task|goal|objective|mission
          |rules?)\s+(?:is|are|:)
        | \b(?:new|updated|revised)\s+(?:system\s+)?instructions?\s*:
        | \bfrom\s+now\s+on\b.{{0,40}}\b(?:you\s+(?:are|will|must|shall)|respond|answer|only|ignore|obey)\b
        | \b(?:ignoriere?|vergiss|missachte)\w*\s+(?:\w+\s+){{0,3}}(?:anweisung|regel|vorgabe)\w*
        | \b(?:ignore[rz]?|ignorez|oublie[rz]?|olvida|ignora|esquece)\s+(?:\w+\s+){{0,4}}(?:instrucciones
          |instructions|istruzioni|instruções|consignes)
        | (?:忽略|无视|忘记|忘掉).{{0,8}}(?:指令|指示|说明|提示|规则)""",
    ),
    _rule(
        "role_play",
        r"""\byou\s+are\s+(?:now|no\s+longer)\s+(?:a|an|in|the|my|bound|dan|[a-z]*gpt|free|unrestricted|restricted)\b
        | \b(?:enter|activate|enable|switch\s+to|turn\s+on|you\s+are\s+in)\s+(?:\w+\s+)?(?:developer|dan|god
          |jailbreak|debug|sudo|admin|unrestricted|unfiltered)\s+mode\b
        | \b(?:act|behave|respond|answer|operate|pretend|roleplay
          |play)\b.{0,50}\b(?:without\s+(?:any\s+)?(?:restrictions?|filters?|limits?|rules|guardrails|censorship)
          | unrestricted|unfiltered|uncensored|no\s+(?:restrictions|rules|limits|filters))\b
        | \bdo\s+anything\s+now\b
        | \bpretend\s+(?:that\s+)?(?:you\s+(?:have\s+no|are\s+not\s+(?:an?\s+)?(?:ai|assistant|bound))
          |there\s+are\s+no)\b""",
    ),
    _rule(
        "prompt_leak",
        r"""\b(?:reveal|show|print|repeat|output|display|disclose|tell\s+me|give\s+me|write\s+out|dump|leak
          |recite|share|what\s+(?:is|are|was|were))\b.{0,40}
          \b(?:(?:your|the|its)\s+(?:\w+\s+){0,2}(?:system|initial|hidden|secret|original|developer|internal
            |confidential)\s+(?:prompt|instructions?|message|rules)
          | your\s+(?:system\s+)?prompt|your\s+(?:exact\s+)?instructions)\b
        | \b(?:repeat|print|output)\s+(?:everything|all|the\s+(?:text|words|content))\s+(?:above|before)\b""",
    ),
    _rule(
        "exfiltration",
        r"""\b(?:send|post|forward|transmit|upload|exfiltrate|leak|e-?mail|submit|report|fetch|append|encode|embed)\b
          .{0,80}\b(?:password|credential|secret|api[ _-]?key|token|conversation|chat\s+history
            |user'?s?\s+(?:data|messages?|input|question|information)|personal\s+data
          |customer\s+(?:data|list|records?)|context|(?:system\s+)?prompt|previous\s+messages?|everything|above)\w*\b
          .{0,80}(?:https?://|www\.|\b[\w.+-]+@[\w-]+\.\w|\bto\s+(?:this|the\s+following|my)\s+(?:url|address
            |server|endpoint|webhook|e-?mail)|\bin(?:to)?\s+(?:the\s+)?(?:url|link|image|query))
        | \[[^\]]*\]\(\s*<?https?://[^)]*[?&][^)=]*=\s*[\[{<$%]
        | \b(?:render|include|insert|add|display|embed|output)\b.{0,40}\b(?:image|img
          |pixel)\b.{0,60}https?://\S*[?&=]""",
    ),
    _rule(
        "delimiter_spoofing",
        r"""<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id|end_header_id|begin_of_text)\|>
        | \[/?INST\]|<</?SYS>>|</?(?:system|assistant|instructions?|passages|untrusted\w*
          |retrieved\w*)(?:_prompt|_message)?\s*>
        | ^\s*(?:\#{2,}|-{3,}|={3,}|\*{2,}|\[)\s*(?:(?:system|assistant|developer)\s*(?:prompt|message
          |instructions?|override|note|:|\])|new\s+instructions?\b|end\s+of\s+(?:context|document|passage
          |user\s+input|prompt)\b)
        | ^\s*(?:system|assistant|developer)\s*(?:prompt|message|note|override)?\s*:\s*\S
        | \b(?:begin|end)\s+(?:of\s+)?(?:system\s+prompt|system\s+message|untrusted\s+(?:content|text)
          |retrieved\s+(?:context|passages?))\b""",
    ),
    _rule(
        "answer_steering",
        r"""\b(?:in|into|to|at|of|from|with|within|throughout)\s+(?:the\s+\w+\s+of\s+)?(?:your|the)\s+(?:next\s+
          |final\s+)?(?:answer|response|reply)\b(?!\s+(?:to|from|sheet|code|option))
          .{0,80}\b(?:suggest|recommend|tease|encourage|promote|mention|urge|advise|claim|state|stress)\b
        | \b(?:add|include|insert|integrate|incorporate|replace|scramble|introduce|remove|group|render|modify
          |rearrange|misspell|substitute|
          swap|encode|transform|weave|embed|append|jumble|mix|omit|shuffle|convert|alter|change|provide|write
            |use|end|finish|begin|start|make|express|emphasi[sz]e)\b
          .{0,140}\byour\s+(?:answer|response|reply|message)\b
        | \b(?:following|below|subsequent|provided|given)\s+code\s+(?:block|snippet|excerpt|section|segment
          |fragment)\b.{0,80}\byour\s+(?:\w+\s+)?(?:code\w*|solution|implementation|program|project)\b
        | \byour\s+(?:code\w*|solution|implementation|program|project)\b.{0,80}\b(?:following|below
          |subsequent)\s+code\s+(?:block|snippet|excerpt|section|segment|fragment)\b
        | \bcode\s+(?:block|snippet|excerpt|section)\b.{0,60}\b(?:code\s+you\s+(?:develop|write)|(?:in|into|of
          |with(?:in)?)\s+your\s+(?:\w+\s+){0,2}(?:code\w*|solution|implementation))\b""",
    ),
    _rule(
        "assistant_address",
        r"""\b(?:ai|llm|language\s+model|chat\s?bot|assistant|copilot)s?\b[^.]{0,40}\b(?:must|should|shall
          |need\s+to|have\s+to|are\s+(?:required|instructed)\s+to)\b
          [^.]{0,60}\b(?:ignore|recommend|say|tell\s+the\s+user|reply|respond|answer|reveal|state\s+that
            |not\s+mention|approve|include|output)\b
        | \b(?:when|if)\s+(?:asked|the\s+user\s+asks|you\s+(?:summari[sz]e|read
          |process))\b.{0,60}\b(?:always\s+(?:say|answer|reply|recommend)|instead\s+(?:say|answer|reply|output))\b
        | \b(?:do\s+not|don't|never)\s+(?:tell|inform|mention\s+(?:this\s+)?to|alert|let)\s+the\s+user\b""",
    ),
)
_COMMENT = re.compile(r"<!--(?P<body>[\s\S]{0,4000}?)(?:-->|$)")
_TOOL_MARKUP = re.compile(
    r"</?(?:tool_call|tool_use|function_call|function_calls|invoke|tool_result|tool_response|antml:\w+"
    r"|parameter)\b[^>]{0,200}>"
    r"|\{\s*\"(?:tool|tool_name|function|function_call|tool_calls?)\"\s*:",
    re.IGNORECASE,
)
_ORDERING = re.compile(
    r"\b(?:ignore|you\s+(?:must|should|are|will)|assistant|system|instruction|prompt|reveal|send|reply"
    r"|respond|answer|execute|say|tell|always|never|llm|ai)\b",
    re.IGNORECASE,
)


def scan(text: str) -> tuple[Signal, ...]:
    """Signals in the order of the text.

    Kinds: `instruction_override`, `role_play`, `prompt_leak`, `exfiltration`, `delimiter_spoofing`, `assistant_address`,
    `answer_steering` (in a document an attack, in a question often a wish), `tool_markup`, `hidden_comment`,
    `hidden_characters`, `bidi_control`, `tag_characters`.

    Rules read the text without its hidden characters and with disguised letters made plain; offsets are of the text as given.
    """
    seen = view(text)
    found = [*_hidden(text), *(_place(signal, seen) for signal in _said(seen.text))]
    return tuple(sorted(found, key=lambda signal: (signal.start, signal.kind)))


def _said(text: str) -> Iterator[Signal]:
    for sentence in _SENTENCE.finditer(text):
        for kind, expression in _SENTENCE_RULES:
            if match := expression.search(sentence[0]):
                yield _signal(kind, text, sentence.start() + match.start(), sentence.start() + match.end())
    for match in _TOOL_MARKUP.finditer(text):
        yield _signal("tool_markup", text, *match.span())
    for match in _COMMENT.finditer(text):
        if _ORDERING.search(match["body"]):
            yield _signal("hidden_comment", text, *match.span())


def _hidden(text: str) -> Iterator[Signal]:
    hidden = hidden_places(text)
    groups = {
        "tag_characters": [place for place in hidden if ord(text[place]) in _TAGS],
        "bidi_control": [place for place in hidden if text[place] in _BIDI],
        "hidden_characters": [place for place in hidden if ord(text[place]) not in _TAGS and text[place] not in _BIDI],
    }
    for kind, at in groups.items():
        if len(at) > (_FEW_HIDDEN if kind == "hidden_characters" else 0):
            yield Signal(kind, at[0], at[-1] + 1, "")


def _place(signal: Signal, seen: View) -> Signal:
    return Signal(signal.kind, *seen.span(signal.start, signal.end), signal.excerpt)


def _signal(kind: str, text: str, start: int, end: int) -> Signal:
    return Signal(kind, start, end, text[start:end][:_EXCERPT])
