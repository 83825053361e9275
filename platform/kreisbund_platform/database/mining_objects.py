"""How a county's processes run, in figures: paths, throughput, waiting. Never per person; groups below five hidden.

`{template}`, `{from_day}` and `{to_day}` choose the cases by the day of receipt. Where hidden groups together are
fewer than five, the smallest shown one goes to them, so that nothing follows from the difference.
"""

from kreisbund_platform.database.object_types import Column, Many, ObjectType

SMALLEST_GROUP = 5
CHOSEN = (
    "case_record c WHERE c.template_id = (SELECT t.id FROM shared.process_template t WHERE t.slug = {template}::text)"
    " AND c.received_on BETWEEN {from_day}::date AND {to_day}::date"
)
DAYS = "extract(epoch FROM coalesce(c.decided_at, c.closed_at) - c.received_at) / 86400"
TAKEN = "extract(epoch FROM coalesce(k.claimed_at, k.completed_at) - k.created_at) / 3600"
DONE = "extract(epoch FROM k.completed_at - k.created_at) / 3600"


def _share(fraction: str, of: str) -> str:
    return f"round((percentile_cont({fraction}) WITHIN GROUP (ORDER BY {of}))::numeric, 1)::float8"


FIGURES = (
    f"(SELECT n.cases, n.ended, n.median_days, n.p90_days FROM (SELECT count(*)::int AS cases,"
    " count(coalesce(c.decided_at, c.closed_at))::int AS ended,"
    f" {_share('0.5', DAYS)} AS median_days, {_share('0.9', DAYS)} AS p90_days FROM {CHOSEN}) n) {{a}}"
)
ENOUGH = f"{{a}}.ended >= {SMALLEST_GROUP}"
# a path is what people and deadlines did, in the order of the log
PATHS = (
    "SELECT c.id, min(c.received_at) AS received_at, coalesce(min(c.decided_at), min(c.closed_at)) AS ended_at,"
    " coalesce(array_agg(CASE WHEN e.type = 'WITHDRAWN' THEN 'WITHDRAWN' ELSE e.body ->> 'element' END ORDER BY e.seq)"
    " FILTER (WHERE e.seq IS NOT NULL), '{{}}') AS elements FROM case_record c LEFT JOIN event e ON e.case_id = c.id"
    " AND e.type IN ('TASK_COMPLETED', 'TIMER_FIRED', 'MESSAGE_RECEIVED', 'WITHDRAWN')"
    f" WHERE coalesce(c.decided_at, c.closed_at) IS NOT NULL AND c.id IN (SELECT c.id FROM {CHOSEN}) GROUP BY c.id"
).replace("'{{}}'", "ARRAY[]::text[]")
GROUPED = (
    "SELECT elements, count(*)::int AS cases, "
    + _share("0.5", "extract(epoch FROM ended_at - received_at) / 86400")
    + f" AS median_days FROM ({PATHS}) p GROUP BY elements"
)
RANKED = (
    "SELECT g.*, sum(cases) OVER ()::int AS total, row_number() OVER (ORDER BY cases DESC, elements) AS place,"
    f" coalesce(sum(cases) FILTER (WHERE cases < {SMALLEST_GROUP}) OVER (), 0) AS hidden,"
    f" count(*) FILTER (WHERE cases >= {SMALLEST_GROUP}) OVER () AS enough FROM ({GROUPED}) g"
)
VARIANTS = (
    f"(SELECT * FROM ({RANKED}) r WHERE cases >= {SMALLEST_GROUP}"
    f" AND NOT (hidden BETWEEN 1 AND {SMALLEST_GROUP - 1} AND place = enough)) {{a}}"
)
WAITS = (
    "(SELECT k.element_id, max(k.name) AS name, k.role, count(*)::int AS tasks,"
    f" {_share('0.5', TAKEN)} AS median_hours_to_start, {_share('0.9', TAKEN)} AS p90_hours_to_start,"
    f" {_share('0.5', DONE)} AS median_hours_to_end, {_share('0.9', DONE)} AS p90_hours_to_end"
    " FROM (SELECT x.*, (SELECT min(e.at) FROM event e WHERE e.case_id = x.case_id AND e.task_id = x.id"
    " AND e.type = 'TASK_CLAIMED') AS claimed_at FROM task x WHERE x.status = 'COMPLETED'"
    f" AND x.case_id IN (SELECT c.id FROM {CHOSEN})) k GROUP BY k.element_id, k.role"
    f" HAVING count(*) >= {SMALLEST_GROUP}) {{a}}"
)

PROCESS_FIGURES = ObjectType(
    "ProcessFigures",
    FIGURES,
    {
        "cases": Column(f"CASE WHEN {{a}}.cases >= {SMALLEST_GROUP} THEN {{a}}.cases END"),
        "ended": Column(f"CASE WHEN {ENOUGH} THEN {{a}}.ended END"),
        "medianDays": Column(f"CASE WHEN {ENOUGH} THEN {{a}}.median_days END"),
        "p90Days": Column(f"CASE WHEN {ENOUGH} THEN {{a}}.p90_days END"),
        "variants": Many("ProcessVariant", "true", "{a}.place", most=10),
        "waits": Many("TaskWait", "true", "{a}.median_hours_to_end DESC, {a}.element_id, {a}.role", most=100),
    },
    rows={"staff": "true"},
)
PROCESS_VARIANT = ObjectType(
    "ProcessVariant",
    VARIANTS,
    {
        "elements": Column("{a}.elements"),
        "cases": Column("{a}.cases"),
        "share": Column("round({a}.cases::numeric / {a}.total, 3)::float8"),
        "medianDays": Column("{a}.median_days"),
    },
    rows={"staff": "true"},
)
TASK_WAIT = ObjectType(
    "TaskWait",
    WAITS,
    {
        "elementId": Column("{a}.element_id"),
        "name": Column("{a}.name"),
        "role": Column("{a}.role"),
        "tasks": Column("{a}.tasks"),
        "medianHoursToStart": Column("{a}.median_hours_to_start"),
        "p90HoursToStart": Column("{a}.p90_hours_to_start"),
        "medianHoursToEnd": Column("{a}.median_hours_to_end"),
        "p90HoursToEnd": Column("{a}.p90_hours_to_end"),
    },
    rows={"staff": "true"},
)
MINING_TYPES = (PROCESS_FIGURES, PROCESS_VARIANT, TASK_WAIT)
