"""Who may use which field: the list that was reviewed, beside this file, against which behaviour is measured.

`python -m tests.isolation.rights` writes it anew from the policy; its diff is the change of rights to be reviewed.
"""

from pathlib import Path

from kreisbund_platform.identity.policy import POLICY
from tests.isolation.world import Person

LIST = Path(__file__).with_name("rights.txt")
ANYONE = {"guest", "logged_in"}


def listed() -> dict[str, frozenset[str]]:
    """Coordinate to roles and groups, as reviewed."""
    lines = [line.split() for line in LIST.read_text().splitlines() if line]
    return {coordinate: frozenset(who) for coordinate, *who in lines}


def as_policy_says() -> str:
    """The list as the policy would have it."""
    return "".join(f"{name} {' '.join(sorted(who))}\n" for name, who in sorted(POLICY.items()))


RIGHTS = listed() if LIST.exists() else {}


def groups_of(person: Person) -> frozenset[str]:
    """What a person counts as."""
    return frozenset({"guest"} if person.is_guest else {"logged_in", person.role})


def may(person: Person, coordinate: str) -> bool:
    """Whether the list lets the person use `Type.field`."""
    return bool(RIGHTS.get(coordinate, frozenset()) & groups_of(person))


if __name__ == "__main__":
    LIST.write_text(as_policy_says())
