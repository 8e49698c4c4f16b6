"""The network in training, as Lightning runs it: losses, freezing, optimizer, metrics of each epoch."""

import math
from collections.abc import Callable
from typing import Any

import lightning as L
import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torchmetrics import CatMetric, MeanMetric
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score
from torchmetrics.functional.classification import binary_auroc

from emotiscan.model.backbones import stages
from emotiscan.model.checkpoint import with_current_tensor_names
from emotiscan.model.network import FaceModel
from emotiscan.training.errors import DivergedError
from emotiscan.training.losses import au_loss, emotion_loss, labels_of_photos, map_loss, region_loss, side_loss
from emotiscan.training.settings import TrainingSettings


class FaceLightningModule(L.LightningModule):
    """A `FaceModel` that Lightning can fit.

    Logs after each epoch: `train_loss`, `val_loss`; `val_accuracy` and `val_macro_f1` of the emotions; and
    `val_au_auc`, the mean over the action units that are present in some images and absent in others.
    """

    emotion_weights: Tensor | None
    au_weights: Tensor | None

    def __init__(
        self,
        model: FaceModel,
        settings: TrainingSettings,
        steps: int,
        emotion_weights: Tensor | None = None,
        au_weights: Tensor | None = None,
    ) -> None:
        """Prepare a network for training.

        Args:
            model: the network.
            settings: of the run.
            steps: number of optimizer steps in the whole run, for the schedule.
            emotion_weights: (e,), as in `losses.emotion_loss`.
            au_weights: (k,), as in `losses.au_loss`.
        """
        super().__init__()
        self.model = model.to(memory_format=torch.channels_last)
        self.settings = settings
        self.steps = steps
        self.register_buffer("emotion_weights", emotion_weights, persistent=False)
        self.register_buffer("au_weights", au_weights, persistent=False)
        emotions = len(model.config.emotions)
        self.accuracy = MulticlassAccuracy(emotions, average="micro")
        self.macro_f1 = MulticlassF1Score(emotions, average="macro")
        self._compiled: Callable[[Tensor], Tensor] | None = None
        # Lightning's own mean over processes with batches of different sizes is wrong (it rounds their number).
        self.train_loss, self.val_loss = MeanMetric(), MeanMetric()
        # Gathered over all processes, in no particular order; NaN marks an unknown label, not a mistake.
        self.au_scores, self.au_labels = (CatMetric(nan_strategy="disable") for _ in range(2))

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Give the weights of a run that began before December 2026 their current names."""
        for key in ("state_dict", "current_model_state"):  # the second one is that of a moving average
            if key in checkpoint:
                checkpoint[key] = with_current_tensor_names(checkpoint[key], "model.")

    # -- steps

    def on_train_start(self) -> None:
        """Compile the training steps if the settings say so."""
        if self.settings.compile:
            self._compiled = torch.compile(self.model.features)

    def _losses(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        crops = batch["crop"].contiguous(memory_format=torch.channels_last)
        # An epoch's last, smaller batch is not worth minutes of compilation for its size.
        full = len(crops) * self.trainer.world_size == self.settings.batch
        compiled = self._compiled if self.training and full else None
        feature_map = (compiled or self.model.features)(crops)
        emotion_logits = self.model.config.sum_logits(self.model.emotion_logits(feature_map).float())
        au_logit_map = self.model.au_logit_map(feature_map)
        au_logits = self.model.au_logits(au_logit_map)
        loss = emotion_loss(emotion_logits, batch["emotion"], self.emotion_weights, self.settings.label_smoothing)
        loss = loss + self.settings.au_loss * au_loss(au_logits, batch["action_units"], self.au_weights)
        if self.training and self.settings.map_loss:
            loss = loss + self.settings.map_loss * map_loss(au_logit_map.float(), batch["movement"])
        if self.training and self.settings.region_loss:
            loss = loss + self.settings.region_loss * region_loss(au_logit_map.float(), batch["region"])
        if self.training and self.settings.side_loss:
            labels = labels_of_photos(batch["action_units"], batch["region"])
            sides = side_loss(au_logit_map, self.model.au_logits, labels, self.au_weights)
            loss = loss + self.settings.side_loss * sides
        return loss, emotion_logits, au_logits

    def training_step(self, batch: dict[str, Tensor], number: int) -> Tensor:
        """Compute the loss of one batch of `FaceDataset` items."""
        if number == 0:
            torch.manual_seed(self.settings.seed_at(self.current_epoch))  # for dropout
        loss, _, _ = self._losses(batch)
        if not loss.isfinite():
            raise DivergedError(
                f"the loss is no longer a number in step {number + 1} of epoch {self.current_epoch + 1}; start a new "
                "run with a lower --lr, or in single precision (--precision fp32)"
            )
        size = len(batch["crop"])
        self.train_loss.update(loss.detach(), size)
        self.log("train_loss", self.train_loss, on_step=False, on_epoch=True, prog_bar=True)
        if self.settings.l1:
            dense = [layer.weight for layer in self._heads().modules() if isinstance(layer, nn.Linear)]
            loss = loss + self.settings.l1 * sum(weight.abs().sum() for weight in dense)
        return loss

    def validation_step(self, batch: dict[str, Tensor], _: int) -> None:
        """Add one batch of `FaceDataset` items to the epoch's metrics."""
        loss, emotion_logits, au_logits = self._losses(batch)
        self.val_loss.update(loss, len(batch["crop"]))
        self.log("val_loss", self.val_loss, on_epoch=True, prog_bar=True)
        known = ~batch["emotion"].isnan().any(1)
        if known.any():
            truth = batch["emotion"][known].argmax(1)
            self.accuracy.update(emotion_logits[known], truth)
            self.macro_f1.update(emotion_logits[known], truth)
        self.au_scores.update(au_logits.sigmoid())
        self.au_labels.update(batch["action_units"])

    def on_validation_epoch_end(self) -> None:
        """Log the epoch's metrics."""
        if self._in_any_process(self.accuracy.update_called):
            self.log("val_accuracy", self.accuracy.compute(), prog_bar=True, sync_dist=True)
            self.log("val_macro_f1", self.macro_f1.compute(), sync_dist=True)
        # Of a single image and action unit, torchmetrics makes a number.
        shape = (-1, len(self.model.config.action_units))
        probabilities, labels = (gathered.compute().view(shape) for gathered in (self.au_scores, self.au_labels))
        aucs = []
        for scores, truth in zip(probabilities.T, labels.T, strict=True):
            known = ~truth.isnan()
            present = truth[known] >= 0.5
            if present.any() and not present.all():
                aucs.append(binary_auroc(scores[known], present.long()))
        if aucs:
            self.log("val_au_auc", torch.stack(aucs).mean(), sync_dist=True)
        for metric in (self.accuracy, self.macro_f1, self.au_scores, self.au_labels):
            metric.reset()

    def _in_any_process(self, here: bool) -> bool:
        return bool(self.trainer.strategy.reduce_boolean_decision(here, all=False))

    # -- freezing

    def on_train_epoch_start(self) -> None:
        """Freeze the whole backbone for `freeze_epochs`, then all but its last `unfreeze` stages.

        A frozen stage keeps its batch statistics, too; with `keep_statistics`, every stage does.
        """
        groups = stages(self.model.backbone)
        assert self.settings.unfreeze is not None  # `initial_model` filled it in
        training = 0 if self.current_epoch < self.settings.freeze_epochs else self.settings.unfreeze
        for number, stage in enumerate(groups):
            trains = number >= len(groups) - training
            stage.requires_grad_(trains).train(trains and not self.settings.keep_statistics)

    def _heads(self) -> nn.ModuleList:
        return nn.ModuleList([self.model.emotion_head, self.model.au_head])

    def _head_parameters(self) -> list[nn.Parameter]:
        return [value for name, value in self.model.named_parameters() if not name.startswith("backbone.")]

    # -- optimizer

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Limit the gradients' norm."""
        # Lightning's own clipping refuses a fused optimizer because of fp16's loss scaling, which is not used here.
        if gradient_clip_val:
            nn.utils.clip_grad_norm_(self.parameters(), gradient_clip_val)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Make an AdamW optimizer with two learning rates, and the chosen schedule."""
        settings = self.settings
        assert settings.backbone_lr_factor is not None  # `initial_model` filled it in
        groups = [
            {"params": self._head_parameters(), "lr": settings.lr},
            {"params": list(self.model.backbone.parameters()), "lr": settings.lr * settings.backbone_lr_factor},
        ]
        optimizer = torch.optim.AdamW(groups, weight_decay=settings.l2, fused=True)
        if settings.schedule == "plateau":
            plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.3, patience=settings.patience // 2)
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": plateau, "monitor": "val_loss"}}
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self._rate)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _rate(self, step: int) -> float:
        """Factor on the learning rate at a step: a linear warm-up, then constant or half a cosine to zero."""
        warm_up = max(1, round(self.settings.warm_up * self.steps))
        if step < warm_up:
            return (step + 1) / warm_up
        if self.settings.schedule == "constant":
            return 1.0
        done = min(1.0, (step - warm_up) / max(1, self.steps - warm_up))
        return 0.5 * (1 + math.cos(math.pi * done))
