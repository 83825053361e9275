"""`python -m kreisbund_api`: the API process.

Nothing that is made while the program is imported becomes garbage; looking for some in between took a quarter of the
start. `main` looks again once the app stands.
"""

import gc
import signal
import sys

gc.disable()
# uvicorn stops and then raises again what it was sent; whoever asked it to stop is told that it did
signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))

from kreisbund_api.main import main  # noqa: E402  after the line above, which is the point

main()
