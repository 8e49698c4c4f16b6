"""EmotiScan reads visible facial movements in a photo: action units and a high-level emotion."""

__version__ = "0.1.0"
