"""Can every case finish? Looks at the control flow of each process and sub-process on its own, data left out."""

from kreisbund_platform.engine.soundness.checking import (
    SOUND,
    Verdict,
    check,
    check_from,
)

__all__ = [
    "SOUND",
    "Verdict",
    "check",
    "check_from",
]
