"""From `--data` to batches: tables are joined, split by subject, aligned, and served epoch by epoch."""

import logging
from collections.abc import Iterator, Sequence

import lightning as L
import numpy as np
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from emotiscan.datasets.aligned import AlignedTable, align_table, evaluation_loader
from emotiscan.datasets.alignment import Progress
from emotiscan.datasets.face_dataset import FaceDataset
from emotiscan.datasets.loaders import load_source, seed_of_split
from emotiscan.datasets.motion_maps import SIDE
from emotiscan.datasets.splits import fold_split, hold_out_validation, published_split
from emotiscan.datasets.table import LabelTable, join_tables
from emotiscan.model.network import ModelConfig
from emotiscan.training.leakage import warn_of_leakage
from emotiscan.training.option_values import HELD_OUT_SETS
from emotiscan.training.settings import SettingsError, TrainingSettings

log = logging.getLogger(__name__)


def load_data(settings: TrainingSettings, progress: Progress | None = None) -> AlignedTable:
    """Load, join, split and align the data sets of a run.

    Args:
        settings: of the run.
        progress: called with the number of images searched for faces, and their total.

    Raises:
        TableError: a label table is broken.
        SettingsError: the split leaves no images for training or validation, or all images have the same emotion.
    """
    loaded = [load_source(source) for source in settings.data]
    tables = [split_table(table, settings, number) for number, table in enumerate(loaded)]
    if not any((table.frame["split"] == "validation").any() for table in tables):
        tables = [_with_validation(table, settings.seed) for table in tables]
    warn_of_leakage(settings, _split_by_seed(settings, loaded, tables))
    table = join_tables(tables)
    if len(table.emotions) == 1:
        raise SettingsError(f"every known emotion is {table.emotions[0]}; images of at least two are needed")
    aligned = align_table(table, settings.cache, settings.workers, progress)
    found = aligned.found.mean() if len(aligned) else 0.0
    log.info("%d images; a face was found in %.1f%% of them", len(aligned), 100 * found)
    for split in ("train", "validation"):
        if not len(aligned.part(split).table):
            raise SettingsError(
                f"no readable image is left in the {split} split; see --split and the table's column “split”"
            )
    return aligned


def _with_validation(table: LabelTable, seed: int) -> LabelTable:
    """Let some training subjects validate, for data sets without a validation part (e.g. RAF-DB)."""
    split = hold_out_validation(table.frame["split"].tolist(), table.frame["subject"].tolist(), seed)
    moved = (split == "validation").sum()
    if moved:
        log.info("there is no validation split; %d of the training images are used for validation", moved)
    return table.with_split(split)


def _split_by_seed(
    settings: TrainingSettings, loaded: Sequence[LabelTable], tables: Sequence[LabelTable]
) -> dict[str, str]:
    """The source of each data set that is split by a seed, not by a column of its own; by name."""
    each = zip(settings.data, loaded, tables, strict=True)
    return {
        name: source
        for source, one, other in each
        if seed_of_split(source) is not None or not one.frame["split"].equals(other.frame["split"])
        for name in one.frame["source"].unique()
    }


def split_table(table: LabelTable, settings: TrainingSettings, number: int = 0) -> LabelTable:
    """Split a data set as a run needs it: by its own column, or by subject.

    Args:
        table: the data set.
        settings: of the run.
        number: which of the run's data sets it is, from 0, for `--folds sets`.

    Raises:
        SettingsError: it cannot be split this way.
    """
    try:
        if settings.fold is not None and settings.folds == HELD_OUT_SETS:
            return table.with_split(_whole_set(table, settings, held_out=number == settings.fold))
        if settings.fold is not None:
            subjects = table.frame["subject"].tolist()
            return table.with_split(fold_split(subjects, int(settings.folds or 0), settings.fold, settings.seed))
    except ValueError as error:
        raise SettingsError(f"--folds {settings.folds}: {error}") from None
    has_split = (table.frame["split"] != "").any()
    if settings.split == "table" and not has_split:
        raise SettingsError("--split table: the label table has no column “split”; use --split published")
    if settings.split == "published" or not has_split:
        try:
            return table.with_split(published_split(table.frame["subject"].tolist(), settings.seed))
        except ValueError as error:
            raise SettingsError(str(error)) from None
    blank = (table.frame["split"] == "").sum()
    if blank:
        log.warning("%d of %d images have a blank split and are left out", blank, len(table))
    return table


def _whole_set(table: LabelTable, settings: TrainingSettings, held_out: bool) -> NDArray[np.str_]:
    """Split a whole data set: all of it tests, or some subjects validate and the others train."""
    if held_out:
        return np.full(len(table), "test")
    split = published_split(table.frame["subject"].tolist(), settings.seed)
    return np.where(split == "train", "train", "validation")


class FaceDataModule(L.LightningDataModule):
    """The batches of a run; crop size and augmentation of the training images change from epoch to epoch."""

    def __init__(self, data: AlignedTable, config: ModelConfig, settings: TrainingSettings) -> None:
        super().__init__()
        self.data, self.config, self.settings = data, config, settings
        self.training, self.validation = data.part("train"), data.part("validation")

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches in a training epoch."""
        count = sum(count for _, count in self._sets())
        return len(batches(np.arange(count), self.settings.batch, self.settings.processes))

    def _sets(self) -> Iterator[tuple[NDArray[np.int64], int]]:
        """Rows of each data set, and how many of them an epoch trains on."""
        frame = self.training.table.frame
        for rows in map(np.asarray, frame.groupby(["root", "source", "share"], sort=False).indices.values()):
            share = float(frame["share"].iloc[rows[0]])
            yield rows, max(1, round(share * len(rows)))

    def _rows(self, epoch: int) -> NDArray[np.int64]:
        """Rows that an epoch trains on: each data set's share, in random order.

        In a table of n rows, row r appears again as r + n, r + 2 n, … in an epoch that takes it more than once.
        """
        frame = self.training.table.frame
        # Without pairs, each image counts as another subject.
        subjects = frame["subject"].to_numpy() if self.settings.pairs else np.arange(len(frame))
        chosen = []
        for rows, count in self._sets():
            rows = in_pairs(rows, subjects, np.random.default_rng(self.settings.seed))
            # Continue through the shuffled rows from epoch to epoch, so that every image has its turn.
            turns = rows[np.arange(epoch * count, (epoch + 1) * count) % len(rows)]
            # An image that comes again in the same epoch is augmented in another way (see `FaceDataset`).
            chosen.append(turns + np.arange(count) // len(rows) * len(frame))
        return in_pairs(np.concatenate(chosen), subjects, np.random.default_rng(self.settings.seed_at(epoch)))

    def _process(self) -> int:
        return self.trainer.global_rank if self.trainer else 0

    def _epoch(self) -> int:
        return self.trainer.current_epoch if self.trainer else 0

    def train_dataloader(self) -> DataLoader:
        """The current epoch's training batches; their order depends only on the seed and the epoch."""
        epoch = self._epoch()
        rows = self._rows(epoch)
        dataset = FaceDataset(
            self.training.table,
            self.training.transforms,
            self.config,
            self.settings.size_at(epoch),
            self.settings.augmentation,
            seed=self.settings.seed_at(epoch),
            movement=SIDE if self.settings.map_loss else 0,
            regions=SIDE if self.settings.region_loss or self.settings.side_loss else 0,
            rounds=1 + int(rows.max()) // len(self.training.table),
        )
        return DataLoader(
            dataset,
            # A list, not a generator: Lightning iterates twice when it resumes, and must get the same order.
            batch_sampler=batches(rows, self.settings.batch, self.settings.processes, self._process()),
            num_workers=self.settings.workers,
        )

    def val_dataloader(self) -> DataLoader:
        """Validation batches, at the current epoch's size."""
        size = self.settings.size_at(self._epoch())
        rows = np.arange(len(self.validation.table)) % self.settings.processes == self._process()
        return evaluation_loader(
            self.validation.where(rows), self.config, size, 2 * self.settings.batch, self.settings.workers
        )


def batches(rows: NDArray[np.int64], size: int, processes: int = 1, process: int = 0) -> list[list[int]]:
    """Divide an epoch into batches, and take one process's part of each; all processes together see each row once.

    Args:
        rows: (n,) in the epoch's order.
        size: rows in a batch, over all processes. The last batch may be smaller; if it is too small to give each
            process the two rows that batch normalization needs, it joins the one before.
        processes: number of processes that train together.
        process: number of this process, from 0.
    """
    starts = list(range(0, len(rows), size))
    if len(starts) > 1 and len(rows) - starts[-1] < 2 * processes:
        starts.pop()
    # Neighbors stay together: they may be two images of a subject (see `in_pairs`).
    return [np.array_split(batch, processes)[process].tolist() for batch in np.split(rows, starts[1:])]


def in_pairs(rows: NDArray[np.int64], subjects: NDArray, rng: np.random.Generator) -> NDArray[np.int64]:
    """Shuffle rows, but keep two of the same subject side by side where there are two.

    In one batch, what the two images have in common (the face at rest, often the light and the camera) pulls the
    network in both directions and cancels out; what differs, the expression, remains.

    Args:
        rows: (n,) indices into `subjects`, modulo its length.
        subjects: name of the subject in each row of the table.
        rng: source of randomness.

    Returns:
        The rows in their new order.
    """
    rows = rng.permutation(rows)
    _, names = np.unique(subjects[rows % len(subjects)].astype(str), return_inverse=True)
    rows, names = rows[order := np.argsort(names, kind="stable")], names[order]
    position = np.arange(len(rows)) - np.searchsorted(names, names)  # among the subject's own
    pair = np.cumsum(position % 2 == 0) - 1
    return rows[np.argsort(rng.permutation(pair[-1] + 1)[pair], kind="stable")]
