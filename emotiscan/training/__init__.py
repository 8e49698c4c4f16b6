"""Training: from labeled data to a checkpoint. Never imported by the app.

- `settings`: all settings of a run; `options`, `option_values`, `command_line`: the command line derived from them
- `fit`: one run; `folds`: cross-validation; `sweep`: hyperparameter search (both through `multi_run`)
- `data_module`, `initialization`, `losses`, `lightning_module`, `callbacks`, `distributed`: the parts of a run
- `report`, `batch_preview`, `provenance`: the files that a run writes
- `run_comparison`, `averaging`: work with finished runs
- `leakage`: whether the starting weights have already seen the test subjects
"""
