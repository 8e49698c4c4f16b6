"""The web app. Only this subpackage imports streamlit. Importing it changes no settings; `app.configure` does."""
