"""What can be wrong with moving a county; each text is the one line that an operator reads."""


class MovingError(Exception):
    """The county was not moved, and nothing of the attempt is left."""


class DamagedError(MovingError):
    """The file is not what its signature says."""


class RefusedError(MovingError):
    """The file is whole, but this deployment cannot take it."""
