"""Which language a message is in; English whatever names, codes and single words stand in it."""

from __future__ import annotations

import pytest

from answers import words
from answers.languages import language_of


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("de", ["Wie lange ist die Garantie auf einen Bondrucker?", "Drucker druckt nicht", "Was bedeutet ERR-4021?"]),
        ("fr", ["Comment redémarrer le terminal ?", "Où est le journal de l'agent ?", "Bonjour"]),
        ("es", ["¿Cómo reinicio el terminal de pago?", "La impresora no funciona", "Hola, necesito ayuda"]),
        ("pt", ["Quanto tempo dura a garantia da impressora?", "A impressora não funciona"]),
        ("it", ["Quanto dura la garanzia della stampante?", "La stampante non funziona"]),
        ("nl", ["Hoe lang is de garantie op een bonprinter?", "De printer werkt niet"]),
        ("pl", ["Jak zrestartować terminal płatniczy?", "Drukarka nie działa"]),
        ("tr", ["Yazıcının garantisi ne kadar sürer? Lütfen", "Ödeme terminalini nasıl yeniden başlatırım?"]),
        ("ru", ["Как перезапустить терминал?", "Что значит ERR-4021?"]),
        ("uk", ["Як перезапустити термінал?", "Що означає ERR-4021? Дуже дивні події"]),
        ("ar", ["كيف أعيد تشغيل الجهاز؟"]),
        ("he", ["איך מפעילים מחדש את המסוף?"]),
        ("hi", ["टर्मिनल को कैसे रीस्टार्ट करें?"]),
        ("zh", ["如何重启支付终端?", "ERR-4021 是什么意思?"]),
        ("ja", ["端末を再起動するには?", "プリンターの保証期間は?"]),
        ("ko", ["단말기를 어떻게 재시작하나요?"]),
        ("und", ["Πώς επανεκκινώ το τερματικό;", "วิธีรีสตาร์ท"]),
    ],
)
def test_a_question_in_another_language_is_known(language: str, texts: list[str]) -> None:
    assert {text: language_of(text) for text in texts} == dict.fromkeys(texts, language)


@pytest.mark.parametrize(
    "text",
    [
        "Peppol?",
        "error 88 on till display, old store on 7.1 with com port terminal",
        "ERR-4021",
        "restart CorvaneSync",
        "Casa de la Villa opening hours?",
        "How do I open the store El Corte Inglés?",
        "How do I set the Casa Verdana till to de-DE?",
        "Die Tür error on till 3, what now?",
        "What does Fehler nicht gefunden mean?",
        "VAT in São Paulo",
        "DE ES FR prices",
        "Merci store opening hours",
        "After a mass repricing the tags come out jumbled. Any trick?",
        "<PERSON_k3f9> müsste",
        "what does Ошибка mean?",
        "12345 !!!",
    ],
)
def test_english_stays_english(text: str) -> None:
    assert language_of(text) == "en"


def test_every_language_that_is_told_apart_has_its_own_words() -> None:
    spoken = {"de", "fr", "es", "pt", "it", "nl", "pl", "tr", "ru", "uk", "ar", "he", "hi", "zh", "ja", "ko", "und"}
    assert set(words.NOT_MY_LANGUAGE) == set(words.OFFER_IN) == spoken
    foreign = spoken - {"und"}
    assert {language: language_of(words.NOT_MY_LANGUAGE[language]) for language in foreign} == {x: x for x in foreign}
