"""Slack over HTTP events and Socket Mode."""
