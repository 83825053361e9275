"""Legal bases that a schema names although the law has moved: from the dated table `outdated.toml`."""

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from kreisbund_platform.engine.letters import german_date
from kreisbund_platform.texts import _

TABLE = Path(__file__).with_name("outdated.toml")


@dataclass(frozen=True)
class Moved:
    """A citation that no longer says what it did: the law, how it begins without blanks, where it stands now."""

    law: str
    cites: str
    until: date
    now: str
    since: date

    def meant_by(self, line: str) -> bool:
        """Whether the line cites it; `§ 19a` is not `§ 19`, and `Abs. 5` is not `Abs. 50`."""
        compact = re.sub(r"\s|Absatz|Satz", lambda found: "Abs." if found[0] == "Absatz" else "", line)
        if not re.search(rf"(?<![A-Za-zÄÖÜäöü]){re.escape(self.law)}(?![A-Za-z])", line):
            return False
        return re.search(rf"{re.escape(self.cites)}(?![0-9a-z])", compact) is not None or self.cites == "§"

    @property
    def note(self) -> str:
        """What a person is told."""
        german = _("Die Datei nennt {old} (alte Fassung, bis {until}); seit {since} {now}.")
        old = f"{self.cites.replace('§', '§ ').replace('Abs.', ' Abs. ').replace('Nr.', ' Nr. ').strip()} {self.law}"
        return german.format(old=old, until=german_date(self.until), since=german_date(self.since), now=self.now)


@cache
def table() -> tuple[Moved, ...]:
    """All entries; read once."""
    rows = tomllib.loads(TABLE.read_text("utf-8"))["moved"]
    return tuple(
        Moved(row["law"], row["cites"], date.fromisoformat(row["until"]), row["now"], date.fromisoformat(row["since"]))
        for row in rows
    )


def outdated(basis: tuple[str, ...]) -> list[Moved]:
    """The entries that these lines cite, each once."""
    return [entry for entry in table() if any(entry.meant_by(line) for line in basis)]
