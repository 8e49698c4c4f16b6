"""How a training run can end before it is done. Each message says why and what to do."""


class StoppedError(RuntimeError):
    """A run that had begun cannot continue."""


class DivergedError(ArithmeticError):
    """The loss is no longer a number."""


class TrainingInterrupted(KeyboardInterrupt):
    """A run was stopped with Ctrl-C; what it has saved is complete, and the run can be resumed."""
