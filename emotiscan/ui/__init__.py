"""The pages: the only place that imports streamlit."""

from emotiscan.ui import stub_modules, upload_memory

stub_modules.limit_malloc_arenas()
stub_modules.load_libraries()  # before any page's own imports load them whole
upload_memory.keep_in_memory()
