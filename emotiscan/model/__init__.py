"""The network, its checkpoint file, and the calibration of its probabilities."""
