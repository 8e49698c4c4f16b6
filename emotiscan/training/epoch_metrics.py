"""Metrics of a validation epoch, gathered batch by batch over all processes."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torchmetrics import CatMetric, Metric
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score
from torchmetrics.functional.classification import binary_auroc

from emotiscan import facs
from emotiscan.model.config import ModelConfig
from emotiscan.model.heads import Outputs

GATHERED = {
    "action_units": "au_logits",
    "intensities": "intensities",
    "sides": "side_logits",
    "pose": "pose",
    "quality": "quality_logits",
}
"""Labels of a `FaceDataset` item, and the field of `Outputs` that predicts each."""


class ValidationMetrics(nn.Module):
    """Accuracy of emotions and expressions, and how well the other outputs agree with their labels.

    `compute` gives, of what the network predicts and the data label:

    - `val_accuracy`, `val_macro_f1`: of the emotions;
    - `val_expression_accuracy`, `val_expression_recall`: of the expressions; the latter is the mean over them;
    - `val_au_auc`: mean over the action units that are present in some images and absent in others;
    - `val_intensity_mae`: mean absolute error of the intensities above 0; `val_intensity_pearson`: mean correlation
      over action units;
    - `val_side_auc`: how well the present half of a face is told from the absent one, where at least one half shows the
      action unit; mean over `facs.SIDED_AUS`;
    - `val_pose_mae`: mean absolute error of the angles, in degrees;
    - `val_quality_auc`: mean over the problems.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        emotions, expressions = len(config.emotions), len(config.expressions)
        self.accuracy = MulticlassAccuracy(emotions, average="micro")
        self.macro_f1 = MulticlassF1Score(emotions, average="macro")
        if expressions:
            self.expression_accuracy = MulticlassAccuracy(expressions, average="micro")
            self.expression_recall = MulticlassAccuracy(expressions, average="macro")
        has = {
            "action_units": True,
            "intensities": config.intensities,
            "sides": config.sides,
            "pose": config.pose,
            "quality": bool(config.quality),
        }
        # In no particular order of images; NaN marks an unknown label, not a mistake.
        self.predicted, self.labels = (
            nn.ModuleDict({name: CatMetric(nan_strategy="disable") for name in GATHERED if has[name]}) for _ in range(2)
        )

    def update(self, outputs: Outputs, batch: Mapping[str, Tensor]) -> None:
        """Add a batch of `FaceDataset` items and what the network predicts of them."""
        known = ~batch["emotion"].isnan().any(1)
        if known.any():
            logits, truth = self.config.sum_logits(outputs.emotion_logits)[known], batch["emotion"][known].argmax(1)
            self.accuracy.update(logits, truth)
            self.macro_f1.update(logits, truth)
        if self.config.expressions:
            known = ~batch["expression"].isnan().any(1)
            if known.any():
                logits, truth = outputs.emotion_logits[known], batch["expression"][known].argmax(1)
                self.expression_accuracy.update(logits, truth)
                self.expression_recall.update(logits, truth)
        for name, gathered in self.predicted.items():
            _metric(gathered).update(getattr(outputs, GATHERED[name]).float())
            _metric(self.labels[name]).update(batch[name])

    def updated(self) -> dict[str, bool]:
        """Whether this process has seen known emotions and expressions, by the beginning of the metrics' names."""
        expression = getattr(self, "expression_accuracy", None)
        return {"val_": self.accuracy.update_called, "val_expression_": bool(expression and expression.update_called)}

    def compute_classes(self, of: str) -> dict[str, Tensor]:
        """The metrics of emotions ("val_") or of expressions ("val_expression_"), over all processes."""
        if of == "val_":
            return {"val_accuracy": self.accuracy.compute(), "val_macro_f1": self.macro_f1.compute()}
        return {
            "val_expression_accuracy": self.expression_accuracy.compute(),
            "val_expression_recall": self.expression_recall.compute(),
        }

    def compute(self) -> dict[str, Tensor]:
        """All other metrics, over all processes; without those that are not defined."""
        units = len(self.config.action_units)
        shapes = {"sides": (-1, units, 2), "pose": (-1, 3), "quality": (-1, len(self.config.quality))}
        pairs = {
            # Of a single image and action unit, torchmetrics makes a number.
            name: tuple(
                _metric(gathered[name]).compute().view(shapes.get(name, (-1, units)))
                for gathered in (self.predicted, self.labels)
            )
            for name in self.predicted
        }
        found = {"val_au_auc": _mean_auc(*pairs["action_units"])}
        if "intensities" in pairs:
            found |= _intensity_metrics(*pairs["intensities"])
        if "sides" in pairs:
            sided = [k for k, au in enumerate(self.config.action_units) if au in facs.SIDED_AUS]
            scores, truth = (values[:, sided] for values in pairs["sides"])
            shown = (truth >= 0.5).any(2, keepdim=True)
            truth = truth.masked_fill(~shown, torch.nan)
            found["val_side_auc"] = _mean_auc(*(values.movedim(2, 1).flatten(0, 1) for values in (scores, truth)))
        if "pose" in pairs:
            predicted, truth = pairs["pose"]
            known = ~truth.isnan()
            found["val_pose_mae"] = (predicted - truth)[known].abs().mean() if known.any() else None
        if "quality" in pairs:
            found["val_quality_auc"] = _mean_auc(*pairs["quality"])
        return {name: value for name, value in found.items() if value is not None}

    def reset(self) -> None:
        """Begin a new epoch."""
        for metric in self.modules():
            if isinstance(metric, Metric):
                metric.reset()


def _metric(module: nn.Module) -> CatMetric:
    """A value of an `nn.ModuleDict` as what it is."""
    assert isinstance(module, CatMetric)
    return module


def _mean_auc(scores: Tensor, labels: Tensor) -> Tensor | None:
    """Mean area under the ROC curve over the columns (n, k) that have both presence and absence; None without one."""
    aucs = []
    for column, truth in zip(scores.T, labels.T, strict=True):
        known = ~truth.isnan()
        present = truth[known] >= 0.5
        if present.any() and not present.all():
            aucs.append(binary_auroc(column[known].sigmoid(), present.long()))
    return torch.stack(aucs).mean() if aucs else None


def _intensity_metrics(predicted: Tensor, labels: Tensor) -> dict[str, Tensor | None]:
    above = labels > 0  # False for NaN
    correlations = []
    for column, truth in zip(predicted.T, labels.T, strict=True):
        known = ~truth.isnan()
        both = torch.stack([column[known], truth[known]])
        if known.sum() > 1 and (both.std(1) > 0).all():
            correlations.append(torch.corrcoef(both)[0, 1])
    return {
        "val_intensity_mae": (predicted - labels)[above].abs().mean() if above.any() else None,
        "val_intensity_pearson": torch.stack(correlations).mean() if correlations else None,
    }
