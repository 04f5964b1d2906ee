"""Numbers that states give to people: known by a checksum and a shape of their own, or by the word before them.

A bare run of digits is an order or an item number far more often than a person's, so it needs its name before it; then the
checksum is not asked for, since people mistype.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from guardrails import checksums
from guardrails.contacts import names_another_number, said_before
from guardrails.rules import Check, Rule


def _checked(is_valid: Callable[[str], bool], words: str = "") -> Check:
    """A checksum over the match without its punctuation; with `words`, one of them must stand before it as well."""
    context = re.compile(rf"\b(?:{words})\b", re.IGNORECASE) if words else None

    def check(match: re.Match[str]) -> tuple[int, int] | None:
        if not is_valid("".join(c for c in match[0].upper() if c.isalnum())) or _is_another(match):
            return None
        return match.span() if context is None or said_before(match, context) else None

    return check


def _is_another(match: re.Match[str]) -> bool:
    """ "id" before a number names an order's as well as a person's: where the checksum is good it is taken for a person's."""
    return names_another_number(match) and not _ID.search(match.string, max(0, match.start() - 12), match.start())


def _ssn(match: re.Match[str]) -> tuple[int, int] | None:
    """With its name before it in any notation; without, only as 123-45-6789."""
    if said_before(match, _SSN_WORDS):
        return match.span()
    return match.span() if re.fullmatch(r"\d{3}-\d{2}-\d{4}", match[0]) and not names_another_number(match) else None


def _stated(match: re.Match[str]) -> tuple[int, int] | None:
    value = match["value"].rstrip(" -./")
    digits = sum(map(str.isdigit, value))
    if digits < 4 or len(value) < 6:
        return None
    return match.start("value"), match.start("value") + len(value)


def _rule(expression: str, check: Check | None, score: float = 0.9) -> Rule:
    return Rule("NATIONAL_ID", re.compile(rf"(?<![\w.-]){expression}(?![\w-]|[./]\d)"), score, check)


_ID = re.compile(r"\bid[\s.:#=]*$", re.IGNORECASE)
_SSN_WORDS = re.compile(r"\b(?:ssn|ssns|social|social security|itin|taxpayer)\b", re.IGNORECASE)
_NAMES = (
    r"ssn|social security(?: (?:number|no))?|social insurance(?: (?:number|no))?|nino|national insurance(?: (?:number|no))?"
    r"|national (?:id(?:entity|entification)?|identification)(?: (?:card|number|no))*|identity (?:card|number"
    r"|document)(?: (?:number|no))?"
    r"|id[ -]card(?: (?:number|no))?|personal (?:id(?:entity|entification)?|identification)(?: (?:number|code|no))?|personal code"
    r"|passport(?: (?:number|no|nr))?|reisepass(?:nummer)?|passeport|pasaporte|passaporto"
    r"|driv(?:er['’]?s?|ing) licen[cs]e(?: (?:number|no))?|führerschein(?:nummer)?|permis de conduire"
    r"|personalausweis(?:nummer)?|ausweisnummer|sozialversicherungsnummer|steuer-?id(?:entifikationsnummer|nr)?"
    r"|steuernummer|idnr|svnr"
    r"|versicherungsnummer|ahv(?:-?n(?:umme)?r)?|carte d['’]identité|nir|numéro de sécurité sociale|sécurité sociale|insee"
    r"|dni|nie|documento(?: nacional)? de identidad|cédula(?: de identidad)?|codice fiscale|carta d['’]identità|bsn"
    r"|burgerservicenummer"
    r"|sofinummer|rijksregisternummer|numéro national|personnummer|fødselsnummer|cpr(?:-?n(?:umme)?r)?|henkilötunnus|hetu|kennitala"
    r"|isikukood|asmens kodas|personas kods|pesel|rodné číslo|rodné čislo|cnp|egn|егн|oib|jmbg|emšo|amka|αμκα|afm|tckn"
    r"|tc kimlik(?: no)?"
    r"|t\.?c\.? (?:kimlik )?no|snils|снилс|инн|aadhaar(?: (?:number|no|card))?|aadhar|uidai|pan(?: (?:number|card|no))"
    r"|cpf|rg|rut|cuil|cuit"
    r"|curp|rfc|nif|niss|contribuinte|pps(?:n)?(?: (?:number|no))?|tfn|tax file number|medicare(?: (?:number|no))?|ird(?: number)?"
    r"|nhs(?: (?:number|no))?|sin|my ?number|個人番号|マイナンバー|身份证号?码?|주민등록번호"
    r"|nric|fin|hkid|sa id(?: number)?|rsa id|teudat zehut"
    r"|ת\.?ז\.?|tax id(?:entification)?(?: (?:number|no))?|taxpayer id|itin|alien registration number"
)
_STATED = re.compile(
    rf"(?<![\w-])(?:{_NAMES})(?!\w)[\s.:#=º°|\"'(]{{0,4}}(?:(?:no|nr|number|num|nummer|numero|número"
    rf"|numéro)\b[.:]?\s*)?(?:is|was|ist|es|è|est|são|=)?"
    r"[\s:(]{0,3}(?P<value>(?=[A-Za-z]{0,6}\d)[A-Za-z0-9]{1,20}(?:[ ./-](?=[A-Za-z]{0,6}\d)[A-Za-z0-9]{1,12}){0,7}"
    r"(?:[ -][A-Za-z])?)(?!\w)",
    re.IGNORECASE,
)

NATIONAL_ID_RULES = (
    Rule(
        "NATIONAL_ID",
        re.compile(r"(?<![\w-])(?!000|666)\d{3}[ \-\u2011]?(?!00)\d{2}[ \-\u2011]?(?!0000)\d{4}(?![\w-]|[./]\d)"),
        0.95,
        _ssn,
    ),
    _rule(
        r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]",
        _checked(lambda _: True),
    ),
    _rule(r"[XYZ0-9]\d{7}-?[A-HJ-NP-TV-Z]", _checked(checksums.is_dni)),
    _rule(r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", _checked(checksums.is_codice_fiscale), 1.0),
    _rule(r"[12] \d{2} \d{2} \d{2} \d{3} \d{3} \d{2}", _checked(checksums.is_nir), 1.0),
    _rule(r"(?:\d{2})?\d{6}[-+]\d{4}", _checked(checksums.is_personnummer)),
    _rule(r"\d{6} ?\d{5}", _checked(checksums.is_fodselsnummer)),
    _rule(r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]", _checked(checksums.is_hetu)),
    _rule(r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", _checked(checksums.is_rijksregister), 1.0),
    _rule(r"756\.\d{4}\.\d{4}\.\d{2}", _checked(checksums.is_ahv), 1.0),
    _rule(r"\d{3}\.\d{3}\.\d{3}-\d{2}", _checked(checksums.is_cpf), 1.0),
    _rule(r"\d{1,2}\.\d{3}\.\d{3}-[\dkK]", _checked(checksums.is_rut), 1.0),
    _rule(r"\d{17}[\dX]", _checked(checksums.is_resident_id), 1.0),
    _rule(r"[STFGM]\d{7}[A-Z]", _checked(checksums.is_nric)),
    _rule(r"\d{6}/\d{4}", _checked(checksums.is_rodne_cislo)),
    _rule(r"\d{3}-\d{3}-\d{3} \d{2}", _checked(checksums.is_snils), 1.0),
    _rule(r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d", _checked(checksums.is_curp), 1.0),
    _rule(r"\d{6}-[1-8]\d{6}", _checked(lambda digits: checksums.is_date(digits[4:6], digits[2:4]))),
    Rule("NATIONAL_ID", _STATED, 0.85, _stated),
)
