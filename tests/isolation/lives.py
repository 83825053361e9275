"""What happened before the attempts begin: so that there is something of every kind to be attempted."""

from tests.isolation import (
    life_of_counties,
    life_of_data_protection,
    life_of_emergencies,
    life_of_rights,
    life_of_templates,
)
from tests.isolation.doing import Doing
from tests.isolation.world import COUNTY, OTHER, World

ROLLOUT_DEPTH = 4  # version, roll-out, ring, county in it, that county


def lived(world: World) -> None:
    """Lets the service team and both counties work; the world keeps what their answers showed."""
    doing = Doing(world)
    life_of_templates.live(doing)
    for county in (COUNTY, OTHER):
        life_of_counties.live(doing, county)
    life_of_templates.branch(doing)
    for county in (COUNTY, OTHER):
        life_of_counties.upgrade(doing, county)
        life_of_data_protection.live(doing, county)
        life_of_emergencies.live(doing, county)
    life_of_rights.live(doing)
    lead = world.person("service_team_lead")
    doing.look(lead, life_of_templates.version_of(doing, lead, life_of_templates.SCHOOL, 2), ROLLOUT_DEPTH)
    world.shown, world.done, world.said = doing.seen, doing.done, doing.said
