"""Servers that tests start on the loopback: a real language model, misbehaving ones, and a collector of telemetry."""
