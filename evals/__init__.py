"""Is it good? Golden questions through the same pipeline as everyone's, what the numbers say, and the confidence's coefficients.

Knows what an asker and a finder do, not how they are built.
"""
