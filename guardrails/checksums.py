"""Check digits: what tells a card, a bank account or a national id from an order number of the same shape."""

from __future__ import annotations

import re

IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LI": 21, "LT": 20, "LU": 20,
    "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15,
    "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19,
    "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip
"""Characters of an IBAN by country (ISO 13616 registry)."""

_CARD_ISSUERS = re.compile(
    r"""4(?:\d{12}|\d{15}|\d{18})                                                  # Visa
    | (?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}           # Mastercard
    | 3[47]\d{13}                                                                  # American Express
    | (?:6011|65\d{2}|64[4-9]\d)\d{12}                                             # Discover
    | 3(?:0[0-5]|[689]\d)\d{11}                                                    # Diners Club
    | (?:35(?:2[89]|[3-8]\d)\d{12}|(?:2131|1800)\d{11})                            # JCB
    | 62\d{14,17}                                                                  # UnionPay
    | (?:50\d{2}|5[6-8]\d{2}|6304|6390|67\d{2})\d{8,15}                            # Maestro
    """,
    re.VERBOSE,
)
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_CODICE_ODD_DIGITS = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)
_CODICE_ODD_LETTERS = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)


def digits_of(text: str) -> str:
    return "".join(c for c in text if c.isascii() and c.isdigit())


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_card(digits: str) -> bool:
    """A length and prefix that an issuer uses, and a good Luhn digit."""
    return bool(_CARD_ISSUERS.fullmatch(digits)) and luhn(digits)


def is_gtin(digits: str) -> bool:
    """GTIN-8/12/13/14 and SSCC: mod 10 with weights 3 and 1 from the right (GS1 General Specifications 7.9)."""
    if len(digits) not in {8, 12, 13, 14, 18}:
        return False
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return weighted % 10 == 0


def is_iban(compact: str) -> bool:
    """`compact` is upper-case without blanks. Mod 97 (ISO 7064), and the country's own length."""
    if IBAN_LENGTHS.get(compact[:2]) != len(compact) or not compact.isalnum() or not compact.isascii():
        return False
    return int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1


def is_dni(compact: str) -> bool:
    """Spanish DNI and NIE: the letter is the number modulo 23; a leading X, Y, Z stands for 0, 1, 2."""
    number = compact[:-1].translate(str.maketrans("XYZ", "012"))
    return number.isdigit() and compact[-1] == _DNI_LETTERS[int(number) % 23]


def is_codice_fiscale(compact: str) -> bool:
    """Italian tax code: the last letter is the sum of position values modulo 26 (D.M. 12 March 1974)."""
    total = 0
    for place, char in enumerate(compact[:15]):
        value = int(char) if char.isdigit() else ord(char) - ord("A")
        odd_values = _CODICE_ODD_DIGITS if char.isdigit() else _CODICE_ODD_LETTERS
        total += value if place % 2 else odd_values[value]
    return chr(ord("A") + total % 26) == compact[15]


def is_nir(digits: str) -> bool:
    """French social security number: the last two digits are 97 minus the first thirteen modulo 97."""
    return len(digits) == 15 and 97 - int(digits[:13]) % 97 == int(digits[13:])


def _weighted(digits: str, weights: tuple[int, ...], modulus: int) -> bool:
    return len(digits) == len(weights) and sum(map(int.__mul__, map(int, digits), weights)) % modulus == 0


def is_pesel(digits: str) -> bool:
    """Polish PESEL."""
    return _weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), 10)


def is_bsn(digits: str) -> bool:
    """Dutch BSN, the eleven test."""
    return _weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1), 11)


def is_sin(digits: str) -> bool:
    """Canadian SIN."""
    return len(digits) == 9 and luhn(digits)


def is_date(day: str, month: str) -> bool:
    return 1 <= int(month) <= 12 and 1 <= int(day) <= 31


def is_personnummer(digits: str) -> bool:
    """Swedish personnummer, 10 or 12 digits: a date, and a Luhn digit over the last ten."""
    digits = digits[-10:]
    return len(digits) == 10 and is_date(digits[4:6], digits[2:4]) and luhn(digits)


def is_fodselsnummer(digits: str) -> bool:
    """Norwegian fødselsnummer: a date and two digits modulo 11."""
    first = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
    second = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
    shaped = len(digits) == 11 and is_date(digits[:2], digits[2:4])
    return shaped and _weighted(digits[:10], first, 11) and _weighted(digits, second, 11)


def is_hetu(compact: str) -> bool:
    """Finnish henkilötunnus: a date, and a character for the nine digits modulo 31."""
    number = compact[:6] + compact[-4:-1]
    return is_date(compact[:2], compact[2:4]) and "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(number) % 31] == compact[-1]


def is_rijksregister(digits: str) -> bool:
    """Belgian national number: 97 minus the first nine digits (2 before them from the year 2000 on) modulo 97."""
    number, check = digits[:9], int(digits[9:])
    return len(digits) == 11 and check in (97 - int(number) % 97, 97 - int("2" + number) % 97)


def is_ahv(digits: str) -> bool:
    """Swiss AHV number: a GTIN-13 that begins with the country, 756."""
    return digits.startswith("756") and len(digits) == 13 and is_gtin(digits)


def is_cpf(digits: str) -> bool:
    """Brazilian CPF: two digits modulo 11."""
    if len(digits) != 11 or len(set(digits)) == 1:
        return False
    return all(
        int(digits[length]) == sum(int(d) * (length + 1 - i) for i, d in enumerate(digits[:length])) * 10 % 11 % 10
        for length in (9, 10)
    )


def is_rut(compact: str) -> bool:
    """Chilean RUT: modulo 11 with weights 2 to 7 from the right, K for 10."""
    total = sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(compact[:-1])))
    return "0123456789K0"[11 - total % 11] == compact[-1]


def is_resident_id(compact: str) -> bool:
    """Chinese resident identity number (GB 11643): ISO 7064 modulo 11-2, X for 10, with a date of birth in it."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(compact[:17], weights, strict=True))
    return is_date(compact[12:14], compact[10:12]) and "10X98765432"[total % 11] == compact[-1]


def is_nric(compact: str) -> bool:
    """Singapore NRIC and FIN."""
    total = sum(int(d) * w for d, w in zip(compact[1:8], (2, 7, 6, 5, 4, 3, 2), strict=True))
    total += 4 if compact[0] in "TG" else 3 if compact[0] == "M" else 0
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK", "M": "XWUTRQPNJLK"}
    return letters[compact[0]][total % 11] == compact[-1]


def is_rodne_cislo(digits: str) -> bool:
    """Czech and Slovak birth number: ten digits that 11 divides; the month is raised by 50 for women."""
    month = int(digits[2:4]) % 50 % 20
    return len(digits) == 10 and is_date(digits[4:6], str(month)) and int(digits) % 11 == 0


def is_snils(digits: str) -> bool:
    """Russian SNILS: the last two digits are a weighted sum modulo 101."""
    total = sum(int(digit) * (9 - place) for place, digit in enumerate(digits[:9]))
    return len(digits) == 11 and total % 101 % 100 == int(digits[9:])


def is_curp(compact: str) -> bool:
    """Mexican CURP: the last digit closes a weighted sum modulo 10."""
    alphabet = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
    total = sum(alphabet.index(char) * (18 - place) for place, char in enumerate(compact[:17]))
    return str((10 - total % 10) % 10) == compact[17]


def is_nhs(digits: str) -> bool:
    """NHS number: modulo 11 with weights 10 to 1."""
    return _weighted(digits, (10, 9, 8, 7, 6, 5, 4, 3, 2, 1), 11)
