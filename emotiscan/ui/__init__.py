"""The pages: the only place that imports streamlit."""
