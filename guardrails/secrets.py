"""Credentials: they leave a text wherever they stand, whatever the tenant's profile says."""

from __future__ import annotations

import re

from guardrails.rules import Rule

_KEY_NAME = (
    r"(?:[\w-]{0,30}(?:password|passwd|passphrase|passwort|kennwort|secret)|contraseña|mot de passe|wachtwoord|hasło|lösenord|senha"
    r"|pwd|pass|[\w-]{0,30}api[ _-]?key|[\w-]{0,30}access[ _-]?key(?:[ _-]id)?|account[_-]?key"
    r"|shared[_-]?access[_-]?key(?:[ _-]?value)?"
    r"|client[ _-]?secret|(?:private|signing|encryption|master|license)[ _-]?key|[\w-]{0,30}token"
    r"|connection[ _-]?string|[\w-]{0,20}credentials?"
    r"|sig|session[_-]?id|sessid|phpsessid|jsessionid|pgpassword)"
)
_STATED = re.compile(
    rf"(?<![\w-]){_KEY_NAME}[\"']?(?:\s*(?P<sign>=|:=)\s*|\s*:\s*|\s+(?:is"
    rf"|was)\s*:?\s+)[\"'`]?(?P<value>[^\s\"'`;,<>{{}}|\\]{{4,200}})",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"\b(?:my|our|his|her|their|the (?:new|temp|temporary|initial|default|admin|root|wi-?fi|old|current|sa)|new"
    r"|temporary|initial|admin|root"
    r"|wi-?fi)\s+(?:\w+\s+)?(?:password|passcode|passphrase|passwort)\s*(?:is|was|ist|:|=)\s*(?:now\s+)?[\"'`]?"
    r"(?P<value>[^\s\"'`;,<>{}|\\]{6,80})",
    re.IGNORECASE,
)
_PROSE = re.compile(
    r"(?:not|now|the|a|an|being|been|set|reset|wrong|expired|expiring|expires?|incorrect|invalid|required|empty|blank"
    r"|stored|sent|visible|hidden"
    r"|correct|case|weak|strong|different|unknown|forgotten|locked|changed|missing|too|always|never|still|already|also"
    r"|accepted|rejected|refused"
    r"|valid|saved|working|masked|encrypted|hashed|policy|what|used|needed|protected|unchanged|compromised|known|lost)\W*",
    re.IGNORECASE,
)
_CODE = re.compile(r"[A-Za-z_][\w.]*[\[(]")
_NOT_A_VALUE = re.compile(
    r"[*x•.…_-]+|\$\w*|%\w+%?|true|false|null|none|yes|no|required|optional|string|changeme", re.IGNORECASE
)


def _has_letter_and_digit(match: re.Match[str]) -> tuple[int, int] | None:
    value = match[0]
    return match.span() if re.search(r"\d", value) and re.search(r"[A-Za-z]", value) else None


def _stated_value(match: re.Match[str]) -> tuple[int, int] | None:
    """`password=x` is an assignment; `password: x` and `password is x` are also prose, so x must not look like a word."""
    value = match["value"].rstrip(".)!?")
    if not value or _NOT_A_VALUE.fullmatch(value) or _PROSE.fullmatch(value) or _CODE.match(value):
        return None
    if not match["sign"] and not re.search(r"\d|[a-z][A-Z]|\w[!@#$%^&*+=]", value):
        return None
    return match.start("value"), match.start("value") + len(value)


def _own_value(match: re.Match[str]) -> tuple[int, int] | None:
    """ "my password is swordfish": no sign says that this is a password but the sentence."""
    value = match["value"].rstrip(".!?)")
    if _PROSE.fullmatch(value) or _NOT_A_VALUE.fullmatch(value) or len(value) < 6:
        return None
    return match.start("value"), match.start("value") + len(value)


def _rule(expression: str, *, trigger: str = "", flags: int = 0) -> Rule:
    return Rule("SECRET", re.compile(expression, flags), 1.0, None, trigger)


SECRET_RULES = (
    _rule(
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:[\s\S]*?-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
        r"|[A-Za-z0-9+/=\s]*)",
        trigger="-----BEGIN",
    ),
    _rule(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*", trigger="eyJ"),
    Rule("SECRET", re.compile(r"\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}"), 1.0, _has_letter_and_digit),
    _rule(r"\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[0-9A-Z]{16}\b"),
    _rule(
        r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|npm_[A-Za-z0-9]{30,}|pypi-AgE[\w-]{40,})"
    ),
    _rule(r"\b(?:xox[abceoprs]|xapp)-[A-Za-z0-9-]{10,}", trigger="x"),
    _rule(r"https://hooks\.slack\.com/(?:services|workflows)/[\w/]+", trigger="hooks.slack.com"),
    _rule(r"\b(?:AIza[\w-]{35}|SG\.[\w-]{16,}\.[\w-]{16,}|hf_[A-Za-z0-9]{30,}|whsec_[\w+/=]{16,})"),
    _rule(
        r"\b(?:shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|do[opr]_v1_[0-9a-f]{64}|dapi[0-9a-f]{32}(?:-\d)?|hv[sbr]\.[\w-]{20,}"
        r"|lin_api_\w{30,}"
        r"|ntn_\w{40,}|secret_[A-Za-z0-9]{40,}|ATATT3[\w=-]{30,}|glsa_\w{30,}|NRAK-[A-Z0-9]{25,}|PMAK-[0-9a-f-]{30,}"
        r"|ya29\.[\w-]{30,}"
        r"|GOCSPX-[\w-]{20,}|AC[0-9a-f]{32}|SK[0-9a-f]{32}|key-[0-9a-f]{32}|[0-9a-f]{32}-us\d{1,2}"
        r"|sq0[a-z]{3}-[\w-]{22,}|EAAA[\w-]{40,}"
        r"|\d{8,10}:AA[\w-]{33}|dp\.(?:pt|st|ct)\.\w{30,}|rk_live_\w{16,}|AccountKey=[\w+/=]{40,}|LTAI[A-Za-z0-9]{12,}"
        r"|pat-[a-z]{2}\d-[0-9a-f-]{30,}"
        r"|tskey-[\w-]{16,}|figd_[\w-]{30,}|xkeysib-[0-9a-f]{40,}|sntrys_\w{40,}|AGE-SECRET-KEY-1[0-9A-Z]{50,})"
    ),
    _rule(r"https://(?:discord(?:app)?\.com/api/webhooks|[\w.-]+\.webhook\.office\.com)/[\w/@-]+", trigger="webhook"),
    _rule(r"(?i:authorization[\"']?\s*[:=]\s*[\"']?basic)\s+(?P<value>[A-Za-z0-9+/]{8,}={0,2})(?![\w+/])"),
    Rule(
        "SECRET",
        re.compile(r"(?i:\b(?:secret|aws|key)\b)[\w \t]{0,20}[\W_]{1,4}(?P<value>[A-Za-z0-9/+]{40})(?![\w/+=])"),
        0.9,
        lambda match: (
            match.span("value") if re.search(r"[a-z]", match["value"]) and re.search(r"[A-Z]", match["value"]) else None
        ),
    ),
    _rule(r"(?:\s-u|--user)[ =]['\"]?(?P<value>[^\s:'\"]{1,60}:[^\s'\"]{3,100})"),
    _rule(r"\b[Bb]earer\s+(?P<value>[\w.~+/-]{20,}=*)", trigger="earer"),
    _rule(r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://(?P<value>[^\s:/@<>]{0,100}:[^\s/@<>]{1,200})@", trigger="://"),
    Rule("SECRET", _STATED, 0.9, _stated_value),
    Rule("SECRET", _OWN, 0.8, _own_value),
)
