"""Reading clips on a Ray cluster, or in Ray's processes on this machine. Needs the extra `ray`."""

import os
from collections.abc import Iterable, Iterator

from emotiscan.parallel_map import WorkerError
from emotiscan.video.reader import ClipJob, ClipReader, ClipResult, ClipTask


class RayClipReader:
    """A `ClipReader` in the form that Ray's actors have."""

    def __init__(self, job: ClipJob) -> None:
        import torch

        torch.set_num_threads(1)  # Ray gives each actor one processor
        self._reader = ClipReader(job)

    def read(self, task: ClipTask) -> ClipResult:
        """Read one clip."""
        return self._reader(task)


def read_clips_on_ray(tasks: Iterable[ClipTask], job: ClipJob, workers: int = 2) -> Iterator[ClipResult]:
    """Read clips on a Ray cluster; every machine must see the clips and the folder of results under the same paths.

    Raises:
        WorkerError: Ray is not installed, or an actor died.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.util
    except ImportError:
        raise WorkerError('--ray needs Ray Data; install it with: pip install "emotiscan[ray]"') from None
    ray.init(include_dashboard=False, log_to_driver=False, ignore_reinit_error=True)
    try:
        actors = [ray.remote(num_cpus=1)(RayClipReader).remote(job) for _ in range(max(1, workers))]
        yield from ray.util.ActorPool(actors).map(lambda actor, task: actor.read.remote(task), list(tasks))
    except ray.exceptions.RayError as error:
        raise WorkerError(f"Ray stopped: {str(error).strip().splitlines()[-1]}") from None
    finally:
        ray.shutdown()
