"""The pages: the only place that imports streamlit."""

from emotiscan.ui import lean, uploads

lean.give_large_blocks_back()
lean.load_libraries()  # before any page's own imports load them whole
uploads.keep_in_memory()
