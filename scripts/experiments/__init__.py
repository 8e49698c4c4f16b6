"""Experiments reported in the model card: ablations, and comparisons with the course projects' networks.

Nothing here makes an artifact of the repository; `scripts` has those programs. Run from the repository root, as
`python -m scripts.experiments.NAME --help`:

- `ablate`: small networks, with each part of the training recipe left out or changed in turn.
- `small_data`: the course projects' systems against ours on a data set as small as theirs.
- `full_data`: the course projects' networks against the shipped checkpoint on its own training data.

`course_projects` defines the course projects' networks, and `runs` trains, evaluates and tabulates runs. Results are
kept in a CSV file with one row per run, and runs that are in the file are not repeated: an experiment can be
interrupted and started again at any time.
"""
