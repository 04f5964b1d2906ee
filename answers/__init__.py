"""One question in, one cited answer out. `pipeline.py` is the only place where policy is decided.

Answers must not know of HTTP, Slack or any other surface: those render its `AnswerEvent`s.
"""
