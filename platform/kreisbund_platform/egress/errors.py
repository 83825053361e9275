"""Why a call did not go out or brought nothing back. Texts are codes; no address, no content."""


class EgressError(Exception):
    """No answer that may be used. `code` is for the log."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class EgressRefusedError(EgressError):
    """We do not go there, or do not take that answer."""


class EgressFailedError(EgressError):
    """The other side is away, too slow, or speaks no HTTP."""
