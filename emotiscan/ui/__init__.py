"""The web app. The only part of the package that imports streamlit; importing it changes nothing (see `app.configure`)."""
