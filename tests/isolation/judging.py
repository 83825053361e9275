"""What must not stand in an answer: the texts and ids that only others have."""

from dataclasses import dataclass
from functools import cached_property

from tests.isolation.harvest import SHARED, UUIDS, Own, harvest, telling
from tests.isolation.world import COUNTY, OTHER, Person, Said, World

# what a county tells the service team about itself: which version it took, how its roll-out fares
COUNTIES = (COUNTY, OTHER)


@dataclass
class Judge:
    """Knows everybody's rows."""

    world: World

    @cached_property
    def own(self) -> dict[str, Own]:
        """By county, and what is shared."""
        here = self.world.deployment
        return {slug: harvest(here, f"county_{slug}") for slug in COUNTIES} | {SHARED: harvest(here, SHARED)}

    def around(self, county: str | None) -> Own:
        """What there is for a county's people to look at: their county's rows and what is shared."""
        found = Own()
        for each in [self.own[name] for name in (county, SHARED) if name in self.own]:
            found.texts |= each.texts
            for kind, ids in each.ids.items():
                found.ids[kind] |= ids
        return found

    @cached_property
    def published(self) -> str:
        """All shared texts in one: what stands in a published diagram is nobody's secret."""
        return "\n".join(self.own[SHARED].texts)

    @cached_property
    def _secrets(self) -> dict[Person, set[str]]:
        return {}

    def secrets(self, person: Person) -> set[str]:
        """The texts and ids that this person must never read."""
        if person not in self._secrets:
            found = self._foreign(person)
            self._secrets[person] = {text for text in found if text not in self.published}
        return self._secrets[person]

    def _foreign(self, person: Person) -> set[str]:
        others = [self.own[slug] for slug in COUNTIES if slug != person.county]
        foreign = set().union(*(each.texts for each in others))
        if person.county is None:
            return foreign
        mine = self.own[person.county]
        foreign -= mine.texts
        if person.role in ("citizen", "guest", "none"):
            of_others = set().union(*mine.of_case.values()) - mine.of_no_case
            foreign |= of_others - mine.of_person(person.claims.get("sub", "nobody"))
        return foreign

    def leaks(self, person: Person, said: Said) -> set[str]:
        """What of others stands in an answer, wherever it stands."""
        found = set(telling(said.body)) | set(UUIDS.findall(said.text))
        return found & self.secrets(person)
