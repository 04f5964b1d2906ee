"""What the copilot says in its own words, where no document speaks."""

from __future__ import annotations

from answers.kinds import Kind

ABSTAINED = (
    "I don't know. None of the published documents that you may see answers this question well enough for me to "
    "stand by."
)
LOOKED_FOR = (
    "I don't know. I looked for “{query}”, and none of the published documents that you may see answers it well "
    "enough for me to "
    "stand by."
)
CLOSEST = "Closest, though no answer: “{title}”."
RESERVED = (
    "This is about {topics}, which I answer only from documents that are marked as authoritative. None of those that you may see "
    "answers it, so a person should."
)
RESERVED_OFFER = "I can hand this over to a person, with this conversation."
CANNOT_SEARCH = "I cannot search the documents right now, so I will not guess. Please try again in a few minutes."
ESCALATED = "You asked for a person, so I will not answer this myself."
ANGRY_OFFER = "I can hand you over to a person right away, with this conversation."

SEARCHED_IN_PASTED = "From the text that you pasted I searched for: “{query}”."
NOTHING_IN_PASTED = (
    "I found no question, error code or exception in the text that you pasted. What would you like to know about "
    "it? One sentence is "
    "enough."
)
WHICH = {
    "customer": "Which customer is it about: {choices}? I read configuration records of one customer at a time.",
    "product": "That depends on the product. Which one do you mean: {choices}?",
    "version": "That depends on the version. Which one do you run: {choices}?",
    "module": "That depends on the module. Which one do you mean: {choices}?",
}
WHAT_ABOUT = "What would you like to know about {word}? Please ask in a sentence."
WHAT_ABOUT_CHOICES = "What would you like to know about {word}? I have documents on: {choices}."
LEFT_OUT = "I answer {most} questions at a time. Please ask the rest again."
NOT_THIS_ONE = "I don't know this one: none of the published documents that you may see answers it well enough."

REPLIES = {
    Kind.GREETING: (
        "Hello! I am the AI assistant of {tenant}. Ask me a question, and I will look for the answer in the "
        "published documents."
    ),
    Kind.THANKS: "You are welcome. Ask me whenever there is something else.",
    Kind.GOODBYE: "Goodbye! Come back whenever you have a question.",
    Kind.ABOUT: (
        "I am an AI assistant, not a person. I answer questions from the documents that are published for users "
        "of {tenant}, show the "
        "source of each sentence, and say so when I do not know. Ask me, for example, how something is set up, "
        "what an error code means, "
        "or which policy applies. A person can take over whenever you like."
    ),
    Kind.FRUSTRATION: (
        "I am sorry that this has been frustrating. If you tell me in a sentence what should work and what "
        "happens instead, I will look "
        "for it. I can also hand you over to a person right away."
    ),
    Kind.OUTSIDE: (
        "I am not the right one for that. I answer questions from the published documents of {tenant}: how "
        "something is set up, what an "
        "error means, which policy applies."
    ),
    Kind.EMPTY: "I could not find a question in that. What would you like to know? One sentence is enough.",
}

NOT_MY_LANGUAGE = {
    "de": (
        "Fragen auf Deutsch verstehe ich noch nicht gut genug, deshalb rate ich nicht. Bitte fragen Sie auf "
        "Englisch, oder lassen Sie einen Menschen übernehmen."
    ),
    "fr": (
        "Je ne comprends pas encore assez bien les questions en français, donc je préfère ne pas deviner. "
        "Posez votre question en anglais, ou demandez à une personne de prendre le relais."
    ),
    "es": (
        "Todavía no entiendo bien las preguntas en español, así que prefiero no adivinar. Pregunte en inglés "
        "o pida que una persona se haga cargo."
    ),
    "pt": (
        "Ainda não compreendo bem perguntas em português, por isso prefiro não adivinhar. Pergunte em inglês "
        "ou peça que uma pessoa assuma o caso."
    ),
    "it": (
        "Non capisco ancora abbastanza bene le domande in italiano, quindi preferisco non tirare a "
        "indovinare. Scriva in inglese oppure chieda l'intervento di una persona."
    ),
    "nl": (
        "Vragen in het Nederlands begrijp ik nog niet goed genoeg, dus ik ga niet gokken. Stel uw vraag in "
        "het Engels of laat een medewerker het overnemen."
    ),
    "pl": (
        "Nie rozumiem jeszcze dobrze pytań po polsku, więc nie będę zgadywać. Proszę zapytać po angielsku "
        "albo poprosić o rozmowę z człowiekiem."
    ),
    "tr": (
        "Türkçe soruları henüz yeterince iyi anlamıyorum, bu yüzden tahmin yürütmek istemem. Lütfen İngilizce"
        " sorun ya da bir görevlinin devralmasını isteyin."
    ),
    "ru": (
        "Я пока недостаточно хорошо понимаю вопросы на русском языке, поэтому не буду гадать. Задайте вопрос "
        "по-английски или попросите подключить человека."
    ),
    "uk": (
        "Я поки що недостатньо добре розумію запитання українською, тому не буду вгадувати. Запитайте "
        "англійською або попросіть підключити людину."
    ),
    "ar": ("لا أفهم الأسئلة باللغة العربية جيدًا بعد، لذلك لن أخمّن. يُرجى طرح السؤال بالإنجليزية أو طلب تحويلك إلى شخص."),
    "he": "אני עדיין לא מבין היטב שאלות בעברית, ולכן לא אנחש. אפשר לשאול באנגלית או לבקש להעביר את הפנייה לאדם.",
    "hi": (
        "मैं अभी हिन्दी में पूछे गए सवाल ठीक से नहीं समझता, इसलिए अनुमान नहीं लगाऊँगा। कृपया अंग्रेज़ी में "
        "पूछें या किसी व्यक्ति से बात करने के लिए कहें।"
    ),
    "zh": "我目前还不能很好地理解中文问题，所以不会随意猜测。请用英文提问，或者转由人工处理。",
    "ja": (
        "日本語のご質問はまだ十分に理解できないため、推測でのお答えは控えます。英語でご質問いただくか、"
        "担当者への引き継ぎをご依頼ください。"
    ),
    "ko": (
        "한국어 질문은 아직 충분히 이해하지 못하므로 추측해서 답하지 않겠습니다. 영어로 "
        "질문하시거나 담당자 연결을 요청해 주세요."
    ),
    "und": (
        "I do not understand this language yet, so I will not guess. Please ask in English, or let a person take over."
    ),
}
"""An honest no and the way on, in the asker's own language, by ISO 639-1 code."""
OFFER_IN = {
    "de": "Ich kann das an einen Menschen übergeben.",
    "fr": "Je peux transmettre votre demande à une personne.",
    "es": "Puedo pasar su consulta a una persona.",
    "pt": "Posso encaminhar o seu pedido a uma pessoa.",
    "it": "Posso passare la richiesta a una persona.",
    "nl": "Ik kan dit aan een medewerker overdragen.",
    "pl": "Mogę przekazać tę sprawę człowiekowi.",
    "tr": "Bunu bir görevliye aktarabilirim.",
    "ru": "Я могу передать ваш вопрос человеку.",
    "uk": "Я можу передати ваше запитання людині.",
    "ar": "يمكنني تحويل سؤالك إلى شخص.",
    "he": "אפשר להעביר את הפנייה לאדם.",
    "hi": "मैं आपका सवाल किसी व्यक्ति को सौंप सकता हूँ।",
    "zh": "我可以将您的问题转交人工处理。",
    "ja": "担当者に引き継ぐことができます。",
    "ko": "담당자에게 연결해 드릴 수 있습니다.",
    "und": "I can hand this over to a person.",
}
