"""Labeled images: readers for each data set, the one label table they become, splits, alignment and crops."""
