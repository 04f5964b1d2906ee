"""The records that `POST /v1/documents` takes as JSON, for the OpenAPI document: schema, and an example of each type."""

from __future__ import annotations

from typing import Any

EXAMPLES: dict[str, dict[str, Any]] = {
    "ticket_resolution": {
        "corpus": "tickets",
        "source": "INC-4711",
        "type": "ticket_resolution",
        "title": "Till 3 shows ERR-4021 after the nightly sync",
        "product": "Corvane Retail",
        "version": ">=7.2 <8.0",
        "module": "Sync Agent",
        "audience": "agent",
        "url": "https://desk.example.com/tickets/INC-4711",
        "fields": {
            "problem": "Since 06:00 till 3 shows ERR-4021 and takes no price changes.",
            "cause": "The till's clock was eleven minutes behind the store server's.",
            "resolution": ["Set the till's clock by the store server.", "Restart the service CorvaneSync."],
            "resolved_on": "2026-03-12",
        },
    },
    "config_record": {
        "corpus": "customers",
        "source": "noor-and-field/tills",
        "type": "config_record",
        "title": "Tills of Noor & Field",
        "customer": "Noor & Field",
        "effective_from": "2026-02-01",
        "fields": {
            "Hardware": {"Tills": 14, "Receipt printers": ["TM-88", "TM-30"]},
            "Payment": {"Terminal provider": "Payla", "Offline payments": False},
        },
    },
    "document": {
        "corpus": "runbooks",
        "source": "label-printers/reset",
        "type": "document",
        "doc_type": "runbook",
        "title": "Reset a label printer",
        "body": "## Steps\n\n1. Switch it off.\n2. Hold both keys for five seconds.\n",
    },
}

PUSHED: dict[str, Any] = {
    "requestBody": {
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/DocumentIn"},
                "examples": {name: {"summary": name, "value": value} for name, value in EXAMPLES.items()},
            }
        }
    }
}
"""Beside the multipart form, which FastAPI describes itself."""
