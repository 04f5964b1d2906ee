"""The bot's own words around an answer, in the languages that a channel can choose. Answers are in their documents' language."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """`disclosure` ends every answer and cannot be turned off (EU AI Act, article 50(1))."""

    disclosure: str
    degraded: str
    searching: str
    reading: str
    checking: str
    sources: str
    hand_over: str
    share: str
    good: str
    bad: str
    stopped: str


ENGLISH = Words(
    disclosure="Written by an AI assistant. Check the sources before you act on it.",
    degraded="The language model is not available, so this answer quotes the documents word for word.",
    searching="Searching the documents …",
    reading="Reading what was found …",
    checking="Checking each sentence …",
    sources="Sources",
    hand_over="Hand over to a person",
    share="Share with channel",
    good="Good answer",
    bad="Bad answer",
    stopped="Stopped, as you asked. Ask again whenever you like.",
)
GERMAN = Words(
    disclosure="Von einem KI-Assistenten geschrieben. Bitte prüfen Sie die Quellen, bevor Sie danach handeln.",
    degraded="Das Sprachmodell ist nicht erreichbar, deshalb zitiert diese Antwort die Dokumente wörtlich.",
    searching="Die Dokumente werden durchsucht …",
    reading="Das Gefundene wird gelesen …",
    checking="Jeder Satz wird geprüft …",
    sources="Quellen",
    hand_over="An einen Menschen übergeben",
    share="Im Kanal teilen",
    good="Gute Antwort",
    bad="Schlechte Antwort",
    stopped="Abgebrochen, wie gewünscht. Fragen Sie jederzeit erneut.",
)
FRENCH = Words(
    disclosure="Rédigé par un assistant IA. Vérifiez les sources avant d'agir.",
    degraded="Le modèle de langage n'est pas disponible : cette réponse cite les documents mot pour mot.",
    searching="Recherche dans les documents …",
    reading="Lecture des passages trouvés …",
    checking="Vérification de chaque phrase …",
    sources="Sources",
    hand_over="Transmettre à une personne",
    share="Partager dans le canal",
    good="Bonne réponse",
    bad="Mauvaise réponse",
    stopped="Arrêté, comme demandé. Reposez votre question quand vous voulez.",
)
SPANISH = Words(
    disclosure="Escrito por un asistente de IA. Compruebe las fuentes antes de actuar.",
    degraded="El modelo de lenguaje no está disponible, así que esta respuesta cita los documentos palabra por palabra.",
    searching="Buscando en los documentos …",
    reading="Leyendo lo encontrado …",
    checking="Comprobando cada frase …",
    sources="Fuentes",
    hand_over="Pasar a una persona",
    share="Compartir en el canal",
    good="Buena respuesta",
    bad="Mala respuesta",
    stopped="Detenido, como pidió. Pregunte de nuevo cuando quiera.",
)
LANGUAGES = {"en": ENGLISH, "de": GERMAN, "fr": FRENCH, "es": SPANISH}
