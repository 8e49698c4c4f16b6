"""Large collections of images: which images, which processes or machines read them, and the file of results."""

from emotiscan.batch.inputs import InputImage, find_images
from emotiscan.batch.output import Output, OutputError
from emotiscan.batch.scorer import NO_FACE, Job, ScoredImage, Scorer, score
from emotiscan.parallel_map import WorkerError

__all__ = [
    "NO_FACE",
    "InputImage",
    "Job",
    "Output",
    "OutputError",
    "ScoredImage",
    "Scorer",
    "WorkerError",
    "find_images",
    "score",
]
