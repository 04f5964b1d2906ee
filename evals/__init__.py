"""Is it good? Golden questions through the same pipeline, and what the numbers say."""
