"""The pages: the only place that imports streamlit."""

import sys

# The pages compile nothing; without this, torchvision loads Triton's compiler for graphics cards: 80 MB of memory.
sys.modules.setdefault("triton", None)
