"""Fine-tune EmotiScan's network on labeled faces: the same as `emotiscan train`, for a checkout. See `--help`.

`train.py data …` and `train.py compare …` are the same as `emotiscan data …` and `emotiscan compare …`.
"""

import sys

from emotiscan.cli.main import main

if __name__ == "__main__":
    arguments = sys.argv[1:]
    sys.exit(main(arguments if arguments[:1] in (["data"], ["compare"]) else ["train", *arguments]))
