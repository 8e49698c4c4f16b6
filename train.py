"""Fine-tune EmotiScan's network on labeled faces: `python train.py --help`."""

import os
import sys

# Training has the cores to itself: threads that wait awake for the next layer are faster here, where the
# app's must sleep (see emotiscan/__init__.py). Set before torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "ACTIVE")

from emotiscan.training.fit import main

if __name__ == "__main__":
    sys.exit(main())
