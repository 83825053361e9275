"""The words of the declarations: what a table holds of people, why, how long, and how it is erased."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Rule(StrEnum):
    """What erasure does to a table's rows."""

    NOBODY = "holds nothing of a person"
    WITH_CASE = "deleted with its case"
    WITH_ACCOUNT = "deleted with the person's account"
    KEY = "unreadable once the key is destroyed, and deleted with it"
    KEEP = "kept; `why` says for what reason"


class Kind(StrEnum):
    """Kinds of data, as the record of processing names them (in German)."""

    ACCOUNT = "Kontokennung (Pseudonym)"
    NAME = "Name"
    ADDRESS = "Anschrift und Erreichbarkeit"
    FORM_DATA = "Angaben im Antrag und aus der Bearbeitung"
    FREE_TEXT = "Freitext"
    FILE = "Dokument"
    ACT = "Verwaltungsakt und Bekanntgabe"
    SECRET = "Schlüssel und Prüfwerte"  # noqa: S105


class Whose(StrEnum):
    """Whose datum a column is."""

    APPLICANT = "Antragstellende"  # and whom else the case's own data tell of
    PARTY = "die beteiligte Person selbst"
    ACCOUNT = "Inhaberin oder Inhaber des Kontos"
    STAFF = "Beschäftigte"


class Keeper(StrEnum):
    """Who answers for a table."""

    COUNTY = "Landkreis"
    SERVICE_TEAM = "gemeinsames Serviceteam"


@dataclass(frozen=True)
class Retention:
    """How long and by which law. `years` after the end of the year of closing; None: `period` says it in words."""

    name: str
    period: str
    basis: str
    years: int | None = None


@dataclass(frozen=True)
class Datum:
    """What a personal column holds, and of whom."""

    kind: Kind
    whose: Whose


@dataclass(frozen=True)
class Table:
    """One table. `personal`, `shown` and `internal` name all columns of a table that holds personal data.

    `shown` and `internal` are not personal by themselves; the first appear in a report to the person. `case` and
    `party` are the columns that lead to a case and to a party, `account` the one that holds whose row it is.
    `target`: the column that holds a key's holder or an erasure's target: an account, a case, or `account/…`, `case/…`.
    `realm`: the column beside `account` that names the realm or its issuer, where counties share the table.
    `workspace`: whose login reads it; None: the county's own. `on_request`: personal columns that the officer hands out
    after a look at others' rights (Art. 15 Abs. 4 DSGVO); in the portal the row says that there is something.
    """

    name: str
    title: str
    retention: Retention
    rule: Rule = Rule.NOBODY
    why: str = ""
    legal_hold: bool = False
    personal: Mapping[str, Datum] = field(default_factory=dict)
    shown: tuple[str, ...] = ()
    internal: tuple[str, ...] = ()
    case: str | None = None
    party: str | None = None
    account: str | None = None
    target: str | None = None
    realm: str | None = None
    workspace: str | None = None
    on_request: tuple[str, ...] = ()
    keeper: Keeper = Keeper.COUNTY

    @property
    def columns(self) -> frozenset[str]:
        """All columns that the declaration names."""
        return frozenset((*self.personal, *self.shown, *self.internal))

    def accounts(self) -> tuple[str, ...]:
        """Columns that hold an account: what its holder wrote, opened, took or decided."""
        return tuple(column for column, datum in self.personal.items() if datum.kind is Kind.ACCOUNT)


def staff_account() -> Datum:
    """The account of who worked on it."""
    return Datum(Kind.ACCOUNT, Whose.STAFF)


def staff_name() -> Datum:
    """The name of who worked on it."""
    return Datum(Kind.NAME, Whose.STAFF)


def own_account() -> Datum:
    """The account of the person whose row it is."""
    return Datum(Kind.ACCOUNT, Whose.ACCOUNT)


def of_applicant(kind: Kind) -> Datum:
    """A datum of the applicant's case."""
    return Datum(kind, Whose.APPLICANT)


def of_party(kind: Kind) -> Datum:
    """A datum of the one party that the row is about."""
    return Datum(kind, Whose.PARTY)


def words(text: str) -> tuple[str, ...]:
    """Names of columns, blank-separated."""
    return tuple(text.split())
