"""Benchmarks of speed, memory and load, and a fuzzer of the image reader.

Run them from the repository root, as `python -m benchmarks.NAME --help`.
"""
