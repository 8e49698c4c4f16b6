"""The network: its architecture, its checkpoint file, and the calibration of its probabilities."""
