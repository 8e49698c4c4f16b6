"""Experiments: what each part of the recipe brings, and how the course projects' networks compare."""
