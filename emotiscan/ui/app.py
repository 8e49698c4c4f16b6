"""Entry point of the web app: process settings, page configuration and navigation.

Start it with `emotiscan app`, or with `streamlit run` on this file or on `streamlit_app.py`.
"""

import threading

import streamlit as st
from PIL import Image, ImageDraw

from emotiscan import runtime, stubbed_imports
from emotiscan.ui.links import PAGES

_configuring = threading.Lock()
_configured = False


def configure() -> None:
    """Prepare this process for the pages. Call it before anything imports torch; later calls do nothing.

    Lets torch's idle threads sleep, returns freed memory to the system, imports torchvision and grad-cam without the
    libraries that the app never uses, and keeps uploads in memory.
    """
    global _configured
    with _configuring:  # two visitors may start the app at the same moment
        if _configured:
            return
        runtime.configure()
        runtime.limit_malloc_arenas()

        stubbed_imports.block_gpu_packages()
        stubbed_imports.import_torchvision()
        with stubbed_imports.stubbed(stubbed_imports.PLOTTING):
            from emotiscan.explain.methods import load_library

            load_library()

        from emotiscan.ui import upload_memory

        upload_memory.keep_uploads_in_memory()
        _configured = True


def main() -> None:
    """Show the page that the visitor asked for. Streamlit runs this anew on every interaction."""
    configure()

    from emotiscan.ui import footer  # loads torch, so not before `configure`

    st.set_page_config(page_title="EmotiScan", page_icon=page_icon(), layout="wide")
    pages = [
        st.Page(PAGES / "read.py", title="Read a face", icon=":material/face:", default=True),
        st.Page(PAGES / "album.py", title="Album", icon=":material/photo_library:"),
        st.Page(PAGES / "video.py", title="Video", icon=":material/movie:"),
        st.Page(PAGES / "live.py", title="Live", icon=":material/videocam:"),
        st.Page(PAGES / "compare.py", title="Compare", icon=":material/compare:"),
        st.Page(PAGES / "guide.py", title="FACS guide", icon=":material/menu_book:"),
        st.Page(PAGES / "model.py", title="Model", icon=":material/monitoring:"),
        st.Page(PAGES / "about.py", title="About", icon=":material/info:"),
    ]
    st.navigation(pages, position="top").run()
    footer.show()


def page_icon() -> Image.Image:
    """Draw the browser tab's icon here: Streamlit would fetch its own from another host."""
    icon = Image.new("RGBA", (128, 128))
    draw = ImageDraw.Draw(icon)
    draw.ellipse((4, 4, 124, 124), fill="#0B5E67")
    for x in (42, 86):
        draw.ellipse((x - 9, 40, x + 9, 58), fill="white")
    draw.arc((32, 40, 96, 100), 20, 160, fill="white", width=10)
    return icon


if __name__ == "__main__":
    main()
