"""Reading large collections: which pictures, by how many processes or machines, and the lines that they give."""

from emotiscan.batch.inputs import Picture, pictures
from emotiscan.batch.output import Output, OutputError
from emotiscan.batch.scorer import Job, Scorer
from emotiscan.batch.workers import WorkerError, score

__all__ = ["Job", "Output", "OutputError", "Picture", "Scorer", "WorkerError", "pictures", "score"]
