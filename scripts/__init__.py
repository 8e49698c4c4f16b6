"""What makes the repository's own artifacts."""
