"""The two course projects' networks as training options, and the pretraining of their frozen backbones.

The projects started from ImageNet weights, which are not available everywhere, so the backbones are first trained on
rendered faces here.
"""

from pathlib import Path

from scripts.experiments.runs import CHECKPOINT, parallel_options, train_runs

PRETRAINING = ("--init", "none", "--sizes", "64:6", "--l2", "0.05", "--balance", "0", "--patience", "99")
"""Options for training the backbones on rendered faces before they are frozen."""

BACKBONES = {
    "vgg16_bn": ("--batch", "64"),
    "densenet201": ("--batch", "32", "--stride", "16", "--local-action-units", "--map-loss", "0.2"),
}
"""The course projects' backbones, and the options for training each on rendered faces.

Without ImageNet weights the plain VGG16 does not start to learn in that time (action units' AUC 0.51 after two epochs
of 7,200 faces at a learning rate of 0.0002, 0.57 after four at 0.001), so its variant with batch norm replaces it.
DenseNet201 starts to learn only if motion maps also teach it where the action units move the skin (action units' AUC
0.51 after three epochs without them).
"""

SYSTEMS: dict[str, tuple[str, ...]] = {
    "VGG16 (with batch norm), frozen, dense layers with L1, L2, batch norm and dropout": (
        *("--init", "{vgg16_bn}", "--unfreeze", "0", "--hidden", "256", "--dropout", "0.5"),
        *("--l1", "0.00001", "--l2", "0.01", "--lr", "0.001", "--schedule", "plateau"),
    ),
    "DenseNet201, frozen, dense layers with dropout, class weights": (
        *("--init", "{densenet201}", "--unfreeze", "0", "--no-local-action-units"),
        *("--dropout", "0.5", "--balance", "1", "--schedule", "plateau"),
    ),
}
"""Options of each network; the name of a backbone in braces stands for its checkpoint."""


def pretrain_backbones(rendered: str, out: Path, cache: str, jobs: int = 1) -> dict[str, str]:
    """Return the checkpoint of each backbone, training those that have no finished run.

    Args:
        rendered: folder of rendered faces with motion maps.
        out: folder for the runs.
        cache: folder that keeps where faces were found.
        jobs: number of simultaneous runs.

    Raises:
        RunFailed: a training run failed.
    """
    common = ("--data", f"rendered:{rendered}", "--cache", cache, *PRETRAINING, *parallel_options(jobs))
    runs = {out / f"{name}-rendered": (*common, "--backbone", name, *own) for name, own in BACKBONES.items()}
    return {name: str(run / CHECKPOINT) for name, run in zip(BACKBONES, train_runs(runs, jobs), strict=True)}
