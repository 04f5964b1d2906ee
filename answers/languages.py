"""Which language a message is written in, as far as it must be known to say an honest no in it.

By script where that tells, else by frequent function words. English wins whatever is in doubt: product names, codes and single
foreign words in an English question change nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

ENGLISH = "en"
UNKNOWN = "und"
"""A script that none of the languages below is written in (ISO 639-2: undetermined)."""
FEW_WORDS = 3
"""In a message this short one word that only one language has is enough …"""
SOME_WORDS = 7
"""… and in a longer one than this it is chance: a COM port is no Portuguese."""

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_CODE = re.compile(r"<[A-Z_]+_\w+>|(?<!\S)[^\s\d_/@\\]{0,60}[\d_/@\\]\S*|\b[A-Z]{1,4}\b")
"""Placeholders, identifiers, paths, and short capitals such as country codes: they are no language's words."""

_SCRIPTS = {
    "CYRILLIC": "ru",
    "ARABIC": "ar",
    "HEBREW": "he",
    "DEVANAGARI": "hi",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "CJK": "zh",
    "LATIN": "",
}
_UKRAINIAN = frozenset("іїєґ")
_NOT_ARABIC = frozenset("پچژگکیٹڈڑںھے")
"""Letters of Persian and Urdu."""

_ENGLISH = frozenset(
    """the how what why when where which who does did are is can could should would my our you your this that these those with from
    not and have has please there they it if but of for be on to by after since still without until into old new""".split()  # noqa: SIM905
)
_TELLING = {
    "de": """ich wir ist sind nicht wie warum wann welche welcher welches kann können könnte muss müssen soll wird werden wurde
    bitte danke hallo guten für mit auf eine einen einem einer kein keine mein meine unser unsere sie ihr und aber wenn auch
    noch mehr nach beim zum zur über wieder lange lang viel viele gibt geht macht habe haben bedeutet funktioniert dem des tschüss
    wofür wozu woher wohin etwas nichts""",
    "fr": """je nous vous est sont pas comment pourquoi quand quel quelle quels quelles où peut peux pouvons dois doit faut avec
    dans sur une mon ma mes notre votre vos cette ces qui que quoi mais aussi très merci bonjour salut bonsoir
    s'il c'est n'est qu'est j'ai combien être avoir fait faire marche fonctionne aux lorsque quelqu'un""",
    "es": """yo nosotros es está están cómo como qué por porque cuándo cuánto cuánta cuántos dónde cuál cuáles puedo puede podemos
    debo debe con para una mi mis nuestro nuestra este esta estos pero también más muy gracias hola buenos buenas usted ustedes
    tengo tiene hacer hace funciona ser quiero necesito sobre cuando donde""",
    "pt": """eu nós é está estão faço como que porquê quando quanto quanta onde qual quais posso pode podemos devo deve há com para
    uma um meu minha nosso nossa este esta mas também mais muito obrigado obrigada olá você vocês tenho tem fazer faz funciona
    não preciso quero pelo pela isso à às ao""",
    "it": """io noi è sono perché quando quanto quanta dove quale quali posso può possiamo devo deve con una mio mia
    nostro nostra questo questa questi ma anche più molto grazie ciao buongiorno buonasera che cosa cos'è abbiamo fare
    funziona bisogno aiuto non della delle degli dello nella nel sul sulla viene serve""",
    "nl": """ik wij wat hoe waarom wanneer waar welke wie kan kunnen moet moeten zijn niet geen een het mijn onze ons jij jullie
    deze dit maar ook meer veel bedankt hallo dank goedemorgen goedendag voor naar wordt worden heeft hebben werkt doe
    doen gaat lang alsjeblieft alstublieft hoeveel""",
    "pl": """ja jest są nie jak dlaczego czemu kiedy gdzie który która które jaki jaka jakie czy mogę może możemy muszę musi trzeba
    dla przez moje mój moja nasz nasza te ale też także więcej bardzo dziękuję dzięki cześć witam proszę się
    działa mam mamy ile co oraz""",
    "tr": """biz nasıl neden niçin ne zaman nerede hangi kim kaç mı mi mu mü miyim değil için ile ama çok daha teşekkürler
    teşekkür ederim merhaba selam lütfen bir bu şu benim bizim var yok yapabilirim olur çalışmıyor gibi sonra""",
}
"""Words that are frequent in one of these languages and no words of English."""
_NAMELIKE = {
    "de": "oder der die das den was von vor im am ein bei aus bis zu wo wer hat",
    "fr": "pour chez le la les de des du un et ou à au en ce ne se",
    "es": "el la los las de del un y o en se no si al lo",
    "pt": "são o a os as de do da dos das e ou em no na se",
    "it": "come per ho il lo la gli le di del da un e o in si al",
    "nl": "de den der van het te en of op bij uit er",
    "pl": "i w z na do o po to a",
    "tr": "da de ve o",
}
"""Small words that names are made of, too: they count beside a telling one, never alone."""
_GREETINGS = frozenset("hallo danke dank bonjour salut merci hola gracias ciao grazie olá merhaba cześć".split())  # noqa: SIM905
"""Shops and products are called so: in more than a few words they tell nothing."""

_telling = {language: frozenset(words.split()) - _ENGLISH for language, words in _TELLING.items()}
_namelike = {language: frozenset(words.split()) for language, words in _NAMELIKE.items()}
_shared = Counter(word for words in _telling.values() for word in words)


def language_of(text: str) -> str:
    """An ISO 639-1 code; `en` for what shows no other language, `und` for a script that is not known here."""
    text = _CODE.sub(" ", unicodedata.normalize("NFKC", text))
    letters = [letter for letter in text if letter.isalpha()]
    if not letters:
        return ENGLISH
    scripts = Counter(_script(letter) for letter in letters)
    if scripts["LATIN"] * 2 >= len(letters):
        return _latin(text)
    return _by_letters(scripts, frozenset(text.lower()))


def _script(letter: str) -> str:
    name = unicodedata.name(letter, "")
    return name.split(" ", 1)[0].split("-", 1)[0]


def _by_letters(scripts: Counter[str], letters: frozenset[str]) -> str:
    if scripts["HIRAGANA"] + scripts["KATAKANA"]:
        return "ja"  # Japanese mixes Han characters in, Chinese has no kana
    script = next(name for name, _ in scripts.most_common() if name != "LATIN")
    language = _SCRIPTS.get(script, UNKNOWN)
    if language == "ru" and letters & _UKRAINIAN:
        return "uk"
    return UNKNOWN if language == "ar" and letters & _NOT_ARABIC else language


def _latin(text: str) -> str:
    words = [word.lower().replace("’", "'") for word in _WORD.findall(text)]
    if len(words) > FEW_WORDS:
        words = [word for word in words if word not in _GREETINGS]
    english = 2 * sum(word in _ENGLISH for word in words)
    scores = {language: _evidence(words, language) for language in _telling}
    language, score = max(scores.items(), key=lambda item: item[1])
    needed = 2 if len(words) <= FEW_WORDS and _has_own_word(words, language) else 3 if len(words) <= SOME_WORDS else 5
    return language if score >= needed and score > english else ENGLISH


def _evidence(words: list[str], language: str) -> int:
    """0 without a telling word, whatever names there are."""
    telling = sum(word in _telling[language] for word in words)
    own = sum(_shared[word] == 1 for word in words if word in _telling[language])
    namelike = sum(word in _namelike[language] for word in words)
    return 2 * telling + own + namelike if telling else 0


def _has_own_word(words: list[str], language: str) -> bool:
    return any(len(word) >= 4 and word in _telling[language] for word in words)
