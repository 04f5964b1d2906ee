"""Documents in: sources, parsing, chunking, the pipeline that redacts, embeds and indexes, and releases.

Ingest must not know how questions are answered, nor who asks.
"""
