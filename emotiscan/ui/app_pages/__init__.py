"""One script per page; `emotiscan/ui/app.py` lists them."""
