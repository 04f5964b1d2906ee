"""What every package shares: settings, domain nouns, errors, database, tenancy, auth, jobs, the LLM port, telemetry.

Core knows nothing of documents' formats, of vectors, of HTTP or of Slack; a module enters only when two packages need it.
"""
