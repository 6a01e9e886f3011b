"""A stand-in for the Telegram Bot API with a chat page, for first runs, tests and benchmarks.

It imports no other package of the project and is never part of a production installation.
"""
