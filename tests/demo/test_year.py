"""The demonstration's year, whatever day it is made on."""

import random
from datetime import UTC, datetime

import pytest

from kreisbund_platform.identity.principals import RealmKind
from kreisbund_tenants.demo import cases, year
from kreisbund_tenants.demo.people import people_of
from kreisbund_tenants.demo.realms import DemoRealm

DAYS = [
    datetime(2026, 11, 24, 17, tzinfo=UTC),
    datetime(2026, 11, 30, 23, 10, tzinfo=UTC),  # the first of December in Berlin
    datetime(2027, 1, 1, 3, tzinfo=UTC),
    datetime(2028, 2, 29, 12, tzinfo=UTC),
]


class Named(str):
    """A script as far as planning looks at it."""

    is_quick, needs_applicant, tasks_before_applicant, steps = True, False, 1, ()


@pytest.mark.parametrize("now", DAYS)
def test_every_earlier_month_has_its_applications_and_time_only_rises(county, now):
    scripts = {slug: [Named(slug)] for slug in year.TEMPLATES}
    plans = list(cases._Year(county, scripts, random.Random(1)).plans(now))
    a_month = sum(cases.QUICK.values()) + cases.OTHERS_A_MONTH
    assert len(plans) == 11 * a_month + cases.THIS_MONTH
    for month in year.months(now):
        mine = [plan for plan in plans if plan.at.date().replace(day=1) == month]
        assert len(mine) >= 11
        assert sum(plan.at.day <= 12 and not plan.withdraw for plan in mine) >= 10
    assert all(plan.at <= now and plan.pace.total_seconds() > 0 for plan in plans)


def test_two_counties_have_different_people_and_one_always_the_same():
    def names(slug):
        return [person.name for person in people_of(DemoRealm(slug, slug, RealmKind.COUNTY, slug), ())]

    assert names("nordhausen") == names("nordhausen")
    assert names("nordhausen") != names("wartburgkreis")
