"""EmotiScan reads visible facial movements in a photo: action units and a high-level emotion."""

import os

# Must be set before torch is imported anywhere: torch's waiting threads otherwise spin, and take the
# cores from the server's and the loaders' own (one request took 4 to 16 s instead of 0.5 s).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.2.0"
