"""HTTP: routes, SSE, the chat page, problem+json errors, and the object graph (`bootstrap.py`).

Handlers authenticate, call and render; no policy lives here.
"""
