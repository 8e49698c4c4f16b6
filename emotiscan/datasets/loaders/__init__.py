"""Loading labeled data sets: `load_source`, and one small module for each kind of data set."""

from emotiscan.datasets.loaders.registry import LOADERS, load_source
from emotiscan.datasets.sources import seed_of_split, without_paths

__all__ = ["LOADERS", "load_source", "seed_of_split", "without_paths"]
