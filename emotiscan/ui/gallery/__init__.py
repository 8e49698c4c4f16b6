"""Many faces to browse: filters, sorting, a gallery and a scatter plot, for the album and for clips."""
