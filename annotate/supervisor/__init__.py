"""Starts Redis, the web server, the ticker and the trainer together, watches them, and stops them together."""
