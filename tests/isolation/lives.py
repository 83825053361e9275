"""What happened before the attempts begin: so that there is something of every kind to be attempted."""

from tests.cases import versions
from tests.isolation import life_of_counties, life_of_templates
from tests.isolation.doing import Doing
from tests.isolation.world import COUNTY, OTHER, World

# what cases say of the colour, no form shows any more: a warning of the upgrade
ONE_FIELD = versions.FORMS | {"application": versions.form("application", versions.textfield("wish", "Wunsch"))}


def lived(world: World) -> set[str]:
    """Lets the service team and both counties work; answers the fields that their mutations' answers showed."""
    doing = Doing(world)
    life_of_templates.live(doing)
    for county in (COUNTY, OTHER):
        life_of_counties.live(doing, county)
    life_of_templates.publish_report(doing, versions.THIRD_BRANCH, ONE_FIELD)
    for county in (COUNTY, OTHER):
        life_of_counties.upgrade(doing, county)
    return doing.seen
