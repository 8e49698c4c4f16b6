"""Readings as files, tables and pictures, for people and other programs."""
