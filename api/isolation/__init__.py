"""`partner-copilot doctor isolation`: plants a canary in every tenant, probes every channel, and reports what crossed.

It asks as anybody else does, over HTTP with keys of its own, and knows nothing of how tenants are kept apart.
"""
