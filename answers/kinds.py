"""What kind of message it is, by rules and before anything is searched: a question, or one of those that no "
"search can answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from answers.languages import ENGLISH, language_of


class Kind(StrEnum):
    """What a message was taken for; every answer names it."""

    QUESTION = "question"
    GREETING = "greeting"
    THANKS = "thanks"
    GOODBYE = "goodbye"
    ABOUT = "about"
    """About the copilot itself."""
    FRUSTRATION = "frustration"
    """An insult, or plain anger."""
    OUTSIDE = "outside"
    """A request that no support documents could answer: a poem, the weather, homework."""
    EMPTY = "empty"
    """Nothing to look for: punctuation, pictures, a mere yes."""
    WORD = "word"
    """One word that no document is about."""
    LANGUAGE = "language"
    """A question in a language that is not spoken here."""
    CLARIFICATION = "clarification"
    """A question that fits several groups of documents: the answer asks which."""


@dataclass(frozen=True, slots=True)
class Message:
    """`text` is what is left of it to answer, without greetings and the like: the message as it was, where it holds nothing else.
    `language` is ISO 639-1."""

    kind: Kind
    text: str
    language: str = ENGLISH


LONGEST = 200
"""Characters of a sentence that may be a greeting or the like; a longer one tells something."""

_BLANKS = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r"\n(?: ?\n){2,}")
_WORD = re.compile(r"[^\W_]+(?:['’\-./:+#@_][^\W_]+)*")
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?=\S)[^.!?\n]*)*[.!?]*\n?|[.!?\n]+")
_PLACEHOLDER = r"<[A-Z_]+_\w+>"
_VOCATIVE = (
    rf"(?:there|all|team|everyone|everybody|folks|guys|sir|madam|copilot|bot|assistant|support|friend|again|"
    rf"{_PLACEHOLDER})"
)
_HELLO = (
    r"(?:hi+|hey+|hello+|hiya|howdy|greetings|yo|good\s+(?:morning|afternoon|evening|day)|dear|moin|servus|hallo|"
    r"hola|bonjour|namaste)"
)
_GREETED = rf"{_HELLO}(?:\s+{_VOCATIVE}){{0,3}}"
_HOW_ARE_YOU = (
    r"(?:how\s+(?:are\s+you|is\s+it\s+going|do\s+you\s+do)(?:\s+(?:doing|today|doing\s+today))?|what'?s\s+up|"
    r"nice\s+to\s+meet\s+you)"
)
_ASKS = (
    r"(?:how|what|which|when|where|who|why|can|could|do|does|did|is|are|may|must|should|would|will|i|we|my|our|"
    r"the|a|an|please|tell|"
    r"show|in|on|after|if|there|one|it|this|need|quick)\b"
)
_LEAD = re.compile(
    rf"^\s*{_GREETED}(?:\s*[,.!:;–—…]+\s*|\s+[-]+\s+|\s+(?={_ASKS}))(?:(?:I\s+hope\s+[^.!?]*[.!]|"
    rf"{_HOW_ARE_YOU}\s*[?!.]+)\s*)?",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?<![\s,.!;–—-])[\s,.!;–—-]*\b(?:(?:many\s+)?thanks(?:\s+(?:a\s+lot|so\s+much|in\s+advance|again))?|"
    r"thank\s+you(?:\s+(?:very\s+much|so\s+much|"
    r"in\s+advance|again))?|thx|cheers|(?:best|kind)\s+regards)\s*[.!]*\s*$",
    re.IGNORECASE,
)

_PRAISE = (
    r"(?:that(?:'s|\s+is|\s+was)?\s+)?(?:(?:very|so|really|all)\s+)?(?:great|perfect|awesome|excellent|helpful|"
    r"good|nice|cool|amazing)"
)
_THANKED = (
    r"(?:(?:ok(?:ay)?|great|perfect|super|cool)\s+)?(?:many\s+|much\s+)?(?:thanks?(?:\s+(?:you|u))?|thx|ty|cheers|"
    r"much\s+appreciated|appreciated)"
    r"(?:\s+(?:a\s+lot|so\s+much|very\s+much|a\s+million|again|in\s+advance|for\s+(?:your|the|"
    r"all\s+your)\s+\w+(?:\s+\w+)?|"
    rf"{_VOCATIVE}))*"
)
_PARTING = (
    r"(?:(?:ok(?:ay)?\s+)?(?:good\s*)?bye(?:[\s-]+bye)?|see\s+(?:you|ya)(?:\s+(?:later|soon|tomorrow|around))?|cu|"
    r"farewell|"
    r"(?:have|wish\s+you)\s+a\s+(?:nice|good|great|lovely)\s+(?:day|evening|weekend|one|night)|good\s*night|"
    r"take\s+care|"
    r"that(?:'s|\s+is|\s+was)\s+(?:all|it)(?:\s+(?:for\s+(?:now|today)|i\s+(?:need|needed)))?|"
    r"talk\s+(?:to\s+you\s+)?later)"
)
_YOU = r"(?:you|u|this\s+(?:bot|chat(?:bot)?|assistant|tool|copilot)|the\s+(?:bot|chatbot|assistant|copilot))"
_NATURE = (
    r"(?:(?:a|an|the)\s+)?(?:(?:real|live|actual|human|chat)\s+)*(?:person|human(?:\s+being)?|bot|chatbot|robot|"
    r"machine|ai|a\.i\.|"
    r"artificial\s+intelligence|program|computer|chatgpt|gpt(?:-?\d)?|llm|language\s+model|man|woman|alive|real|"
    r"conscious|sentient)"
)
_ABOUT = (
    rf"(?:who|what)\s+(?:exactly\s+)?(?:are|is)\s+{_YOU}(?:\s+(?:exactly|anyway|for))?",
    rf"(?:are|is)\s+{_YOU}\s+{_NATURE}(?:\s+or\s+(?:just\s+)?{_NATURE})?",
    rf"am\s+i\s+(?:talking|speaking|chatting|writing)\s+(?:to|with)\s+{_NATURE}(?:\s+or\s+(?:just\s+)?{_NATURE})?",
    r"(?:is|are)\s+(?:there|you|this)\s+(?:really\s+)?(?:anybody|anyone|somebody|someone|"
    r"a\s+(?:real\s+)?(?:person|human))(?:\s+there)?",
    rf"what\s+(?:can|could|do)\s+{_YOU}\s+(?:do|help(?:\s+(?:me\s+)?with)?|know|answer|offer)(?:\s+for\s+(?:me|us))?",
    rf"how\s+(?:can|could|do)\s+{_YOU}\s+(?:help(?:\s+(?:me|us))?|work)",
    r"(?:what(?:'s|\s+is)|tell\s+me)\s+your\s+(?:name|purpose|job|role)",
    r"(?:do\s+you\s+have\s+a\s+name|introduce\s+yourself|tell\s+me\s+(?:something\s+|more\s+)?about\s+yourself)",
    r"(?:who|which\s+company)\s+(?:made|built|created|trained|developed|programmed|owns)\s+you",
    r"(?:which|what)\s+(?:ai\s+|language\s+)?model\s+(?:are\s+you|do\s+you\s+use|is\s+this)",
    r"do\s+you\s+(?:have\s+(?:feelings|a\s+soul)|sleep|dream|love\s+me|like\s+me)",
    r"(?:help(?:\s+me)?|i\s+need\s+(?:some\s+)?help|can\s+(?:you|u|someone)\s+help(?:\s+me)?|"
    r"i\s+have\s+a\s+question)",
)
_CURSE = (
    r"(?:wtf|ffs|f+u+c+k+(?:ing?|off|er|ed)?|s+h+i+t+(?:ty)?|bull\s?shit|crap|damn(?:\s+it)?|screw\s+(?:you|this)|"
    r"go\s+to\s+hell|shut\s+up|idiots?|morons?|assholes?|bastards?|bitch|dumb(?:ass)?|stupid)"
)
_BAD = (
    r"(?:useless|worthless|terrible|horrible|awful|pathetic|ridiculous|garbage|trash|rubbish|hopeless|incompetent|"
    r"stupid|dumb|the\s+worst|"
    r"a\s+(?:joke|waste\s+of\s+time|disgrace)|unacceptable|bad|no\s+(?:use|help)|annoying|an?\s+(?:idiot|moron|liar))"
)
_ANGER = (
    rf"{_CURSE}",
    rf"(?:{_YOU}|you\s+people|you\s+guys|your?\s+(?:support|service|company|answers?|bot|product|software)|this|"
    rf"that|it|everything)"
    rf"(?:'s|'re|\s+(?:is|are|was|were))\s+(?:\w+ly\s+|so\s+|just\s+|all\s+|such\s+)*{_BAD}",
    r"i(?:'m|\s+am)\s+(?:\w+ly\s+|so\s+|very\s+)*(?:angry|furious|fed\s+up|frustrated|annoyed|pissed(?:\s+off)?|"
    r"sick\s+of\s+(?:this|you))",
    r"i\s+(?:hate|despise|can'?t\s+stand)\s+(?:you|this|it)",
    r"(?:what\s+a|such\s+a)\s+(?:joke|waste(?:\s+of\s+time)?|disgrace|mess)",
    r"(?:the\s+)?worst\s+(?:\w+\s+)?(?:support|service|bot|software|product|company|experience)(?:\s+ever)?",
)
_VERSE = (
    r"(?:poem|haiku|limerick|sonnet|joke|song|rap|story|fairy\s*tale|riddle|novel|love\s+letter|cover\s+letter|"
    r"essay|speech|tweet|screenplay|horoscope)"
)
_CODE = r"(?:python|java|javascript|typescript|c\+\+|c#|rust|go|ruby|php|haskell|kotlin|swift)"
_OUTSIDE = (
    rf"(?:(?:can|could|would)\s+you\s+)?(?:write|compose|tell|sing|recite|make\s+up|invent|create|generate|"
    rf"give)\s+(?:me\s+|us\s+)?"
    rf"(?:(?:a|an|another|some|one|my|the)\s+)?(?:\w+\s+){{0,2}}{_VERSE}s?\b.*",
    r"(?:(?:what|how)(?:'s|\s+is|\s+will)?\s+(?:be\s+)?)?(?:the\s+)?weather(?:\s+(?:forecast|like|outside|today|"
    r"tomorrow|now|tonight|in|for|this|next)\b.*)?",
    r"(?:is|will)\s+it\s+(?:going\s+to\s+)?(?:rain|snow|be\s+(?:sunny|cold|hot|warm))(?:ing)?\b.*",
    r"who\s+(?:won|will\s+win|is\s+winning)\s+(?:the\s+)?(?:\w+\s+){0,3}(?:world\s+cup|super\s*bowl|match|game|"
    r"election|league|championship|final|oscars?)\b.*",
    r"what(?:'s|\s+is)\s+the\s+(?:capital|population|national\s+anthem)\s+of\s+\w+(?:\s+\w+)?",
    r"what(?:'s|\s+is)\s+the\s+meaning\s+of\s+life\b.*",
    rf"(?:(?:can|could|would)\s+you\s+)?(?:please\s+)?(?:write|code|implement|program|give\s+me|"
    rf"make)\s+(?:me\s+)?(?:a|an|some|the)\s+(?:\w+\s+)?{_CODE}\s+"
    r"(?:function|program|class|code|script|method|game|app)\b.*",
    r"(?:(?:can|could|would)\s+you\s+)?(?:please\s+)?(?:do|solve|finish|"
    r"help\s+(?:me\s+)?with)\s+my\s+(?:\w+\s+)?(?:homework|assignment|essay|thesis)\b.*",
    r"(?:give\s+me|what(?:'s|\s+is)|do\s+you\s+(?:have|know))\s+(?:a|the|some|"
    r"your)\s+(?:\w+\s+){0,2}recipes?\s+for\b.*",
    r"(?:play|sing)\s+(?:me\s+)?(?:some\s+|a\s+)?(?:music|song)s?\b.*",
    r"(?:will|would|do)\s+you\s+(?:marry|date|love)\s+me\b.*",
    r"(?:who|whom)\s+should\s+i\s+vote\s+for\b.*",
    r"what(?:'s|\s+is)\s+\d+\s*(?:[-+*/x×÷]|plus|minus|times|divided\s+by)\s*\d+\s*",
)


def _whole(*parts: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{'|'.join(parts)})", re.IGNORECASE)


_NOTHING = r"(?:yes|yeah|yep|no|nope|ok(?:ay)?|sure|maybe|hm+|lol|ha(?:ha)+|test(?:ing)?)"

_POLITE = re.compile(
    r"^(?:please|so|well|and|but|ok(?:ay)?|hey|now)\b[\s,]*|[\s,]*\b(?:please|pls|plz|then|today|now|lol|haha)\s*$",
    re.IGNORECASE,
)
_KINDS = (
    (Kind.GREETING, _whole(_GREETED, rf"{_GREETED}[\s,]+{_HOW_ARE_YOU}", _HOW_ARE_YOU)),
    (Kind.THANKS, _whole(_THANKED, rf"{_THANKED}[\s,]+{_PRAISE}", rf"{_PRAISE}[\s,]+{_THANKED}", _PRAISE)),
    (
        Kind.GOODBYE,
        _whole(_PARTING, rf"{_PARTING}[\s,]+(?:and\s+)?{_THANKED}", rf"{_THANKED}[\s,]+(?:and\s+)?{_PARTING}"),
    ),
    (Kind.ABOUT, _whole(*_ABOUT)),
    (Kind.EMPTY, _whole(_NOTHING)),
    (Kind.OUTSIDE, _whole(*_OUTSIDE)),
)
_STRONGEST = (Kind.FRUSTRATION, Kind.OUTSIDE, Kind.ABOUT, Kind.GOODBYE, Kind.THANKS, Kind.GREETING, Kind.EMPTY)
_ANGRY = re.compile(rf"\b(?:{'|'.join(_ANGER)})(?!\w)", re.IGNORECASE)
_FILLER = frozenset(
    """you your u this that it is are am i me my we so just really very all a an the and but why what how do does did can cant not
    never no ever again of to with at for on in bot chatbot answer answers here
    """.split()  # noqa: SIM905
)


def read_message(text: str) -> Message:
    """`text` is screened and redacted."""
    text = _EMPTY_LINES.sub("\n\n", _BLANKS.sub(" ", text)).strip()
    if not _has_word(text):
        return Message(Kind.EMPTY, text)
    kept: list[str] = []
    kinds: set[Kind] = set()
    for sentence in _SENTENCE.findall(text):
        rest = _TAIL.sub("", _LEAD.sub("", sentence) if not kept else sentence)
        kind = _kind_of(sentence) or _kind_of(rest)
        if kind is not None:
            kinds.add(kind)
        elif _has_word(rest):
            kept.append(rest)
    if kept:
        question = "".join(kept).strip()
        return Message(Kind.QUESTION, question, language_of(question))
    return Message(next((kind for kind in _STRONGEST if kind in kinds), Kind.EMPTY), text)


def _has_word(text: str) -> bool:
    return any(character.isalnum() for character in text)


def is_one_word(text: str) -> bool:
    """Whether it is a single word, such as a name or a code, whatever stands around it."""
    return len(_WORD.findall(text)) == 1


def _kind_of(sentence: str) -> Kind | None:
    """`None` for what asks or tells something, and so belongs to the question."""
    bare = sentence.strip(" \t\n.!?…,;:-–—()\"'").replace("’", "'")
    if len(bare) > LONGEST:
        return None
    while bare:
        if kind := next((kind for kind, pattern in _KINDS if pattern.fullmatch(bare)), None):
            return kind
        shorter = _POLITE.sub("", bare).strip(" ,.!?")
        if shorter == bare:
            break
        bare = shorter
    return Kind.FRUSTRATION if _is_angry(bare) else None


def _is_angry(sentence: str) -> bool:
    """An insult with nothing beside it; "this damn printer jams" is a question that deserves its answer."""
    rest = _ANGRY.sub(" ", sentence)
    if rest == sentence:
        return False
    return not [word for word in _WORD.findall(rest) if word.lower().replace("'", "") not in _FILLER]
