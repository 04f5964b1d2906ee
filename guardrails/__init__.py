"""What may go in and out: redaction, injection signals, grounding checks, the egress gate.

The only package that imports Presidio. Guards fail closed.
"""
