"""Programs that make the repository's own artifacts: sample images, screenshots, labels, the released checkpoint.

Run them from the repository root, as `python -m scripts.NAME --help`. Experiments are in `scripts.experiments`.
"""
