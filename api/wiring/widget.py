"""What visitors of widgets need."""

from __future__ import annotations

from api.engine import Engine
from api.widget.kept import KeptAnswers
from api.widget.streams import Streams


def make_streams(engine: Engine) -> Streams:
    settings = engine.settings.widget
    return Streams(settings, KeptAnswers(engine.database, engine.keyring, keep_s=settings.resume_s))
