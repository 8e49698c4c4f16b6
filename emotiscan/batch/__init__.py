"""Reading large collections of images: finding the images, worker processes or machines, and the file of results."""

from emotiscan.batch.inputs import InputImage, find_images
from emotiscan.batch.output import Output, OutputError
from emotiscan.batch.scorer import Job, ScoredImage, Scorer, score
from emotiscan.parallel_map import WorkerError

__all__ = [
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
