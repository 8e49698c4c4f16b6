"""Pictures read by the machines of a Ray cluster (or by Ray's processes on this one); needs `ray[data]`."""

import json
import os
from collections.abc import Iterable, Iterator

from emotiscan.batch.inputs import Picture
from emotiscan.batch.scorer import Job, Scorer
from emotiscan.batch.workers import Scored, WorkerError

BATCH = 8
"""Pictures that an actor takes at a time."""


class RayScorer:
    """A `Scorer` as Ray Data wants it: batches of columns in, batches of columns out."""

    def __init__(self, job: Job) -> None:
        import torch

        torch.set_num_threads(1)  # Ray gives each actor one processor
        self._scorer = Scorer(job)

    def __call__(self, batch: dict) -> dict:
        """Adds the column `rows`, JSON of each picture's records."""
        pictures = [Picture(int(place), str(name)) for place, name in zip(batch["place"], batch["name"], strict=True)]
        return batch | {"rows": [json.dumps(self._scorer(picture)) for picture in pictures]}


def score_on_ray(pictures: Iterable[Picture], job: Job, workers: int = 2) -> Iterator[Scored]:
    """Each picture with its records, in order; as `workers.score`, on as many machines as Ray has.

    The cluster is that of the variable RAY_ADDRESS, else one on this machine for this call. Every machine must see
    checkpoint and pictures under the same paths. A list from a stream is read to its end first.

    Args:
        workers: actors, each with one processor and about 0.5 GB.

    Raises:
        WorkerError: Ray is not installed, or an actor died.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.data
    except ImportError:
        raise WorkerError('--ray needs Ray Data: pip install -r requirements-ray.txt, or "ray[data]"') from None
    listed = list(pictures)
    if not listed:
        return
    ray.init(include_dashboard=False, log_to_driver=False, logging_level="ERROR", ignore_reinit_error=True)
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    try:
        scored = ray.data.from_items([picture._asdict() for picture in listed]).map_batches(
            RayScorer,
            fn_constructor_args=(job,),
            batch_size=BATCH,
            compute=ray.data.ActorPoolStrategy(size=workers),
            num_cpus=1,
        )
        for row in scored.iter_rows():
            yield Picture(int(row["place"]), row["name"]), json.loads(row["rows"])
    except ray.exceptions.RayError as error:
        raise WorkerError(f"Ray gave up: {str(error).strip().splitlines()[-1]}") from None
    finally:
        ray.shutdown()
