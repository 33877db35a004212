"""Replays: recorded people answer through the real services while the head learns, one strategy beside another."""
