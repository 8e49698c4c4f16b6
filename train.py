"""Fine-tune EmotiScan's network on labelled faces: `python train.py --help`."""

import sys

from emotiscan.training.fit import main

if __name__ == "__main__":
    sys.exit(main())
