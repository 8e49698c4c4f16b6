"""Engines: what computes the feature map of a network on the processor.

An engine is a module that maps normalized crops (b, 3, s, s) to the backbone's feature map (b, c, h, w) in float32.
Everything else (flip test-time augmentation, the heads, calibration, heat maps) starts from that map, runs in torch,
and is the same code for every engine.

- `torch`: `parallel.ThreadedBatch` around the backbone, as `network.InferenceModel` builds it. The reference.
- `openvino`: `openvino_engine.OpenVinoBackbone`, several times as fast on processors that multiply in bfloat16.
"""

from emotiscan.model.engines.switch import ENGINE_VARIABLE, EngineError, EngineSwitch

__all__ = ["ENGINE_VARIABLE", "EngineError", "EngineSwitch"]
