"""The two course projects' networks, as train.py's options, and the start of their frozen backbones.

Their start (ImageNet weights) cannot be had everywhere. So the backbones are first trained on rendered faces, here.
"""

from pathlib import Path

from scripts.experiments.runs import CHECKPOINT, all_trained, parallel_options

PRETRAINING = ("--init", "none", "--sizes", "64:6", "--l2", "0.05", "--balance", "0", "--patience", "99")
"""Options with which the backbones learn from rendered faces before they are frozen."""

BACKBONES = {
    "vgg16_bn": ("--batch", "64"),
    "densenet201": ("--batch", "32", "--stride", "16", "--local-action-units", "--map-loss", "0.2"),
}
"""The course projects' backbones, and how each learns from rendered faces.

Without ImageNet's weights the plain VGG16 does not start to learn in that time (action units' AUC 0.51 after two epochs of
7 200 faces at a learning rate of 0.0002, 0.57 after four at 0.001); its variant with batch norm takes its place.
DenseNet201 starts only where it is also told the places in which the action units move the skin (action units' AUC 0.51 after three
epochs without).
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
"""Options of each network; a backbone's name in braces stands for its checkpoint."""


def starts(rendered: str, out: Path, cache: str, jobs: int = 1) -> dict[str, str]:
    """Checkpoint of each backbone, trained now unless its run is there.

    Args:
        rendered: folder of `python -m emotiscan.rendering --maps`.
        out: where the runs' folders lie.
        cache: where found faces are kept.
        jobs: how many are trained at a time.

    Raises:
        RunFailed: training did not end well.
    """
    common = ("--data", f"rendered:{rendered}", "--cache", cache, *PRETRAINING, *parallel_options(jobs))
    runs = {out / f"{name}-rendered": (*common, "--backbone", name, *learning) for name, learning in BACKBONES.items()}
    return {name: str(run / CHECKPOINT) for name, run in zip(BACKBONES, all_trained(runs, jobs), strict=True)}
