"""Backups: the database as it was at one moment, and what cannot be made from it again; and the way back.

Vectors are not in them: they are made from the database (docs/adr/0012-backups.md). Neither is the master key.
"""
