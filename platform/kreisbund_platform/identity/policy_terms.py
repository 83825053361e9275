"""The words of the policy: groups of people, and how a line of the table is written."""

from collections.abc import Mapping
from enum import StrEnum

from kreisbund_platform.identity.principals import COUNTY_STAFF, Role


class Audience(StrEnum):
    """Groups that no realm role describes."""

    GUEST = "guest"
    LOGGED_IN = "logged_in"
    # from outside of the county, looking at the one case that an invitation opened
    INVITED = "invited"


Who = frozenset[Role | Audience]

LOGGED_IN: Who = frozenset({Audience.LOGGED_IN})
ANYONE: Who = frozenset({Audience.LOGGED_IN, Audience.GUEST})
CITIZEN: Who = frozenset({Role.CITIZEN})
GUEST: Who = frozenset({Audience.GUEST})
STAFF: Who = frozenset(COUNTY_STAFF)
# who work on cases; who look after them without reading what people wrote; who check what is kept about people
CASE_WORKERS: Who = frozenset({Role.CASEWORKER, Role.TEAM_LEAD, Role.RECORDS_OFFICER})
DATA_READERS: Who = CASE_WORKERS | {Role.DATA_PROTECTION_OFFICER}
CASE_READERS: Who = DATA_READERS | {Role.COUNTY_ADMIN}
# whoever can hold a task: each role of a county, and the applicant
TASK_HOLDERS: Who = (STAFF - {Role.TEMPLATE_AUTHOR}) | CITIZEN
APPLICANTS: Who = CITIZEN | GUEST | CASE_WORKERS
CORRESPONDENTS: Who = CITIZEN | CASE_WORKERS
DASHBOARD_READERS: Who = frozenset({Role.GRANTING_AUTHORITY, Role.FUNDING_AUDITOR, Role.SERVICE_TEAM_LEAD})
OPERATORS: Who = frozenset({Role.OPERATOR})
COUNTY_ADMINS: Who = frozenset({Role.COUNTY_ADMIN})

ADOPTION_READERS: Who = COUNTY_ADMINS | {Role.TOPIC_LEAD, Role.SERVICE_TEAM_LEAD, Role.TEMPLATE_AUTHOR}

Rules = Mapping[Who, str]


def of_type(name: str, rules: Rules) -> dict[str, Who]:
    """Coordinates `Type.field` of one type; `rules` maps who may to the fields' names, blank-separated."""
    return {f"{name}.{field}": who for who, fields in rules.items() for field in fields.split()}


def of_connection(name: str, who: Who) -> dict[str, Who]:
    """The coordinates of a Relay connection and its edge."""
    return of_type(f"{name}Connection", {who: "edges pageInfo totalCount"}) | of_type(
        f"{name}Edge", {who: "cursor node"}
    )
