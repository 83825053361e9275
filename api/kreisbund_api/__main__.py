"""`python -m kreisbund_api`: the API process.

Nothing that is made while the program is imported becomes garbage; looking for some in between took a quarter of the
start. `main` looks again once the app stands.
"""

import gc

gc.disable()

from kreisbund_api.main import main  # noqa: E402  after the line above, which is the point

main()
