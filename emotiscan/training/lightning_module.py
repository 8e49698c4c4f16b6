"""The network in training, as Lightning runs it: losses, freezing, optimizer, metrics of each epoch."""

import math
from collections.abc import Callable
from typing import Any

import lightning as L
import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torchmetrics import MeanMetric

from emotiscan.model.backbones import stages
from emotiscan.model.checkpoint import with_current_tensor_names
from emotiscan.model.heads import Outputs
from emotiscan.model.network import FaceModel
from emotiscan.training.consistency import SHARE, scale_loss, shrunken
from emotiscan.training.distillation import Teachers
from emotiscan.training.epoch_metrics import ValidationMetrics
from emotiscan.training.errors import DivergedError
from emotiscan.training.losses import (
    au_loss,
    emotion_loss,
    expression_loss,
    half_face_loss,
    intensity_loss,
    labels_of_photos,
    map_loss,
    pose_loss,
    region_loss,
    sharpened,
    side_loss,
)
from emotiscan.training.mixing import mix
from emotiscan.training.settings import TrainingSettings
from emotiscan.training.weights import ClassWeights


class FaceLightningModule(L.LightningModule):
    """A `FaceModel` that Lightning can fit.

    Logs after each epoch `train_loss`, `val_loss` and `epoch_metrics.ValidationMetrics`.
    """

    def __init__(
        self,
        model: FaceModel,
        settings: TrainingSettings,
        steps: int,
        weights: ClassWeights | None = None,
        teachers: Teachers | None = None,
    ) -> None:
        """Prepare a network for training.

        Args:
            model: the network.
            settings: of the run.
            steps: number of optimizer steps in the whole run, for the schedule.
            weights: of the losses; None for equal weights.
            teachers: networks to learn from as well.
        """
        super().__init__()
        self.model = model.to(memory_format=torch.channels_last)
        self.settings = settings
        self.steps = steps
        self.teachers = teachers
        for name, values in vars(weights or ClassWeights()).items():
            self.register_buffer(f"{name}_weights", values, persistent=False)
        self.metrics = ValidationMetrics(model.config)
        self._compiled: Callable[[Tensor], Tensor] | None = None
        # Lightning's own mean over processes with batches of different sizes is wrong (it rounds their number).
        self.train_loss, self.val_loss = MeanMetric(), MeanMetric()

    def _weights(self, name: str) -> Tensor | None:
        """One of `ClassWeights`, on the module's device."""
        values = getattr(self, f"{name}_weights")
        assert values is None or isinstance(values, Tensor)
        return values

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

    def _losses(self, batch: dict[str, Tensor]) -> tuple[Tensor, Outputs]:
        """The loss of a batch of `FaceDataset` items, and what the network predicts of it."""
        settings = self.settings
        crops = batch["crop"].contiguous(memory_format=torch.channels_last)
        count = len(crops)
        # An epoch's last, smaller batch is not worth minutes of compilation for its size.
        full = count * self.trainer.world_size == settings.batch
        compiled = self._compiled if self.training and full else None
        rescales = self.training and settings.scale_loss > 0
        if rescales:
            again = torch.randperm(count)[: max(1, round(SHARE * count))].to(crops.device)
            small = shrunken(crops[again]).contiguous(memory_format=torch.channels_last)
            crops = torch.cat([crops, small])
        outputs, au_logit_map = self._predict((compiled or self.model.features)(crops))
        loss = crops.new_zeros(())
        if rescales:
            loss = settings.scale_loss * scale_loss(outputs[count:], _rows(outputs, again), self.model.config)
            outputs, au_logit_map, crops = outputs[:count], au_logit_map[:count], crops[:count]
        loss = loss + self._label_loss(outputs, batch)
        if self.training:
            loss = loss + self._map_losses(au_logit_map, batch)
            if self.teachers:
                use = ~(batch["quality"] == 1).any(1)
                loss = loss + settings.distillation * self.teachers.loss(
                    crops, outputs.emotion_logits, au_logit_map, outputs.au_logits, use
                )
        return loss, outputs

    def _predict(self, feature_map: Tensor) -> tuple[Outputs, Tensor]:
        """Apply the heads as `FaceModel.heads` does; returns the AU logit map (b, k, h, w) too."""
        model, config = self.model, self.model.config
        au_logit_map = model.au_logit_map(feature_map)
        intensity_map = model.intensity_map(feature_map) if config.intensities else None
        pose, quality_logits = model.face_outputs(feature_map)
        outputs = Outputs(
            feature_map,
            model.emotion_logits(feature_map).float(),
            model.au_logits(au_logit_map),
            side_logits=model.side_logits(au_logit_map) if config.sides else None,
            intensities=None if intensity_map is None else model.intensities(intensity_map),
            side_intensities=(
                model.side_intensities(intensity_map) if intensity_map is not None and config.sides else None
            ),
            pose=pose,
            quality_logits=quality_logits,
        )
        return outputs, au_logit_map

    def _label_loss(self, outputs: Outputs, batch: dict[str, Tensor]) -> Tensor:
        """The weighted sum of the losses of all outputs."""
        settings, config = self.settings, self.model.config
        votes, sharpening, smoothing = batch["emotion"], settings.vote_sharpening, settings.label_smoothing
        emotion_weights, au_weights = self._weights("emotions"), self._weights("action_units")
        if config.expressions:
            loss = expression_loss(
                outputs.emotion_logits,
                batch["expression"],
                votes,
                config.sum_logits,
                self._weights("expressions"),
                emotion_weights,
                smoothing,
                sharpening,
            )
        else:
            loss = emotion_loss(outputs.emotion_logits, sharpened(votes, sharpening), emotion_weights, smoothing)
        loss = loss + settings.au_loss * au_loss(outputs.au_logits, batch["action_units"], au_weights)
        weights = self._weights("intensities")
        if outputs.intensities is not None:
            intensity = intensity_loss(outputs.intensities, batch["intensities"], weights)
            loss = loss + settings.intensity_loss * intensity
        if outputs.side_logits is not None:
            halves = half_face_loss(outputs.side_logits, batch["sides"], self._weights("halves"))
            if outputs.side_intensities is not None:
                halves = halves + settings.intensity_loss * intensity_loss(
                    outputs.side_intensities, batch["side_intensities"], weights
                )
            loss = loss + settings.half_loss * halves
        if outputs.pose is not None:
            loss = loss + settings.pose_loss * pose_loss(outputs.pose, batch["pose"])
        if outputs.quality_logits is not None:
            quality = au_loss(outputs.quality_logits, batch["quality"], self._weights("quality"))
            loss = loss + settings.quality_loss * quality
        return loss

    def _map_losses(self, au_logit_map: Tensor, batch: dict[str, Tensor]) -> Tensor:
        """The weighted sum of the losses that teach where action units show."""
        settings = self.settings
        loss = au_logit_map.new_zeros((), dtype=torch.float32)
        if settings.map_loss:
            loss = loss + settings.map_loss * map_loss(au_logit_map.float(), batch["movement"])
        if settings.region_loss:
            loss = loss + settings.region_loss * region_loss(au_logit_map.float(), batch["region"])
        if settings.side_loss:
            labels = labels_of_photos(batch["action_units"], batch["region"])
            sides = side_loss(au_logit_map, self.model.au_logits, labels, self._weights("action_units"))
            loss = loss + settings.side_loss * sides
        return loss

    def training_step(self, batch: dict[str, Tensor], number: int) -> Tensor:
        """Compute the loss of one batch of `FaceDataset` items."""
        if number == 0:
            torch.manual_seed(self.settings.seed_at(self.current_epoch))  # for dropout and mixing
        if self.settings.mixup or self.settings.cutmix:
            batch = mix(batch, self.settings.mixup, self.settings.cutmix, self.settings.mix_share)
        loss, _ = self._losses(batch)
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
        loss, outputs = self._losses(batch)
        self.val_loss.update(loss, len(batch["crop"]))
        self.log("val_loss", self.val_loss, on_epoch=True, prog_bar=True)
        self.metrics.update(outputs, batch)

    def on_validation_epoch_end(self) -> None:
        """Log the epoch's metrics."""
        found = self.metrics.compute()
        for of, updated in self.metrics.updated().items():
            if self._in_any_process(updated):
                found |= self.metrics.compute_classes(of)
        for name, value in found.items():
            self.log(name, value, prog_bar=name == "val_accuracy", sync_dist=True)
        self.metrics.reset()

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
        return nn.ModuleList(head for name, head in self.model.named_children() if name != "backbone")

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


def _rows(outputs: Outputs, rows: Tensor) -> Outputs:
    """The outputs of these rows (r,), in this order."""
    return Outputs(**{name: values[rows] for name, values in outputs.as_dict().items()})
