"""Reading large collections: which pictures, by how many processes or machines, and the lines that they give."""

from emotiscan.scoring.output import Output, OutputError
from emotiscan.scoring.pictures import Picture, pictures
from emotiscan.scoring.scorer import Job, Scorer
from emotiscan.scoring.workers import WorkerError, score

__all__ = ["Job", "Output", "OutputError", "Picture", "Scorer", "WorkerError", "pictures", "score"]
