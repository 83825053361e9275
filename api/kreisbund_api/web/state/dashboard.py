"""What the counties received and decided, by month; never a case."""

from typing import Any

from starlette.responses import Response

from kreisbund_api.web.charts import Bars, bar_chart
from kreisbund_api.web.visits import Page, Visit, ask, show
from kreisbund_api.web.words import german_month

FIGURES = ("applications", "decisions")


async def dashboard(visit: Visit) -> Response:
    """All counties together, then each."""
    found = (await ask(visit, "dashboard"))["stateDashboard"]
    rows: list[dict[str, Any]] = found["rows"]
    total = _total(rows)
    chart = bar_chart([Bars(german_month(row["month"]), row["applications"], row["decisions"]) for row in total])
    return show(
        visit,
        "state/dashboard.html",
        total=total,
        chart=chart,
        counties=_by_county(rows),
        generated_at=found["generatedAt"],
    )


def _total(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    months = sorted({row["month"] for row in rows})
    return [
        {"month": month} | {key: sum(row[key] for row in rows if row["month"] == month) for key in FIGURES}
        for month in months
    ]


def _by_county(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    counties: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: (row["county"]["name"], row["month"])):
        counties.setdefault(row["county"]["name"], []).append(row)
    return counties


PAGES = (Page("/", dashboard, login=True),)
