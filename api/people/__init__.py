"""People: their accounts, how they sign in (a password, or an identity provider), and the sessions that follow.

A session becomes the same `Principal` that an API key gives; nothing behind `api.deps` knows which of the two it was.
"""
