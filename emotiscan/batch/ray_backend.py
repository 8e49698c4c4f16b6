"""Reading images on a Ray cluster, or in Ray's processes on this machine. Needs the extra `ray`."""

import json
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from emotiscan.batch.inputs import InputImage
from emotiscan.batch.scorer import Job, ScoredImage, Scorer
from emotiscan.parallel_map import WorkerError

BATCH = 8
"""Images sent to an actor at a time."""


class RayScorer:
    """A `Scorer` in the form that Ray Data calls: a batch of columns in, a batch of columns out."""

    def __init__(self, job: Job) -> None:
        import torch

        torch.set_num_threads(1)  # Ray gives each actor one processor
        self._scorer = Scorer(job)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Add the column `records`: each image's records as JSON."""
        pairs = zip(batch["index"], batch["path"], strict=True)
        scored = self._scorer([InputImage(int(index), str(path)) for index, path in pairs])
        return batch | {"records": [json.dumps(records) for _, records in scored]}


def score_on_ray(images: Iterable[InputImage], job: Job, workers: int = 2) -> Iterator[ScoredImage]:
    """Read images on as many machines as Ray has; otherwise like `scorer.score`.

    Uses the cluster that the environment variable RAY_ADDRESS names, or starts one on this machine for this call. Every
    machine must see the checkpoint and the images under the same paths. A stream of paths is read to its end first.

    Args:
        workers: number of actors, each with one processor and about 0.5 GB of memory.

    Raises:
        WorkerError: Ray is not installed, or an actor died.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.data
    except ImportError:
        raise WorkerError('--ray needs Ray Data; install it with: pip install "emotiscan[ray]"') from None
    rows = [asdict(image) for image in images]
    if not rows:
        return
    ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR, ignore_reinit_error=True)
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    try:
        scored = ray.data.from_items(rows).map_batches(
            RayScorer,
            fn_constructor_args=(job,),
            batch_size=BATCH,
            compute=ray.data.ActorPoolStrategy(size=workers),
            num_cpus=1,
        )
        for row in scored.iter_rows():
            yield InputImage(int(row["index"]), row["path"]), json.loads(row["records"])
    except ray.exceptions.RayError as error:
        raise WorkerError(f"Ray stopped: {str(error).strip().splitlines()[-1]}") from None
    finally:
        ray.shutdown()
