"""The Compare page's questions, what can be chosen for them, and their answers."""
