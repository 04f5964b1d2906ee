"""What visitors of widgets need."""

from __future__ import annotations

from typing import Any

from api.engine import Engine
from api.widget.identity import Identities
from api.widget.kept import KeptAnswers
from api.widget.registry import Widgets
from api.widget.streams import Streams
from api.widget.visits import Visits


def visiting(engine: Engine) -> dict[str, Any]:
    """The services' fields of these names."""
    settings, database, keyring = engine.settings.widget, engine.database, engine.keyring
    widgets, identities = Widgets(database, settings), Identities(database, keyring, settings)
    return {
        "widgets": widgets,
        "identities": identities,
        "visits": Visits(database, keyring, widgets, identities, settings),
        "streams": Streams(settings, KeptAnswers(database, keyring, keep_s=settings.resume_s)),
    }
