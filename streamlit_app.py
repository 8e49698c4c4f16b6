"""The web app: page config, navigation and the pages' foot, nothing else. Run: `streamlit run streamlit_app.py`."""

import emotiscan  # noqa: F401  (first: it tunes the threads before anything imports torch)

import streamlit as st  # isort: skip

from emotiscan.ui import footer, upload_memory
from emotiscan.ui.charts import page_icon

upload_memory.keep_in_memory()
st.set_page_config(page_title="EmotiScan", page_icon=page_icon(), layout="wide")
st.navigation(
    [
        st.Page("emotiscan/ui/app_pages/read.py", title="Read a face", icon=":material/face:", default=True),
        st.Page("emotiscan/ui/app_pages/album.py", title="Album", icon=":material/photo_library:"),
        st.Page("emotiscan/ui/app_pages/compare.py", title="Compare", icon=":material/compare:"),
        st.Page("emotiscan/ui/app_pages/guide.py", title="FACS guide", icon=":material/menu_book:"),
        st.Page("emotiscan/ui/app_pages/model.py", title="Model", icon=":material/monitoring:"),
        st.Page("emotiscan/ui/app_pages/about.py", title="About", icon=":material/info:"),
    ],
    position="top",
).run()
footer.show()
