"""Clips: decoding, one track a person, curves over time, and events."""
