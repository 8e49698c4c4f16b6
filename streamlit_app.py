"""The web app, for `streamlit run streamlit_app.py` in a checkout; the app itself is `emotiscan/ui/app.py`."""

from emotiscan.ui.app import main

main()
