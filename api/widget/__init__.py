"""The white-label chat widget: what a tenant registers, who its visitors are, and the files that their browsers load.

A visitor asks through the routes of every other caller; nothing here decides what may be answered.
"""
