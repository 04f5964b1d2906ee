"""Passages out: embedding, sparse vectors, the vector index and its adapters, hybrid search within a `Scope`.

The only package that imports Qdrant. It must not know what an answer is.
"""
