"""The shared catalogue: templates, their versions, the drawn process, forms, decisions, who adopted them."""

from typing import Any

from markupsafe import Markup
from starlette.responses import Response

from kreisbund_api.web import forms
from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, show
from kreisbund_platform.engine.diagram import render_svg
from kreisbund_platform.templates.decision_tables import decisions_of


async def templates(visit: Visit) -> Response:
    """All templates."""
    data = await ask(visit, "templates")
    found = [edge["node"] for edge in data["processTemplates"]["edges"]]
    return show(visit, "studio/templates.html", templates=found, drafts=data["drafts"])


async def template(visit: Visit) -> Response:
    """One template with its newest version."""
    found: dict[str, Any] | None = (await ask(visit, "template", id=visit.request.path_params["id"]))["node"]
    if not found or "slug" not in found:
        raise PageRefusedError(404)
    version = found["currentVersion"] or {}
    drawn = render_svg(version["bpmnXml"].encode()) if version else ""
    shown = [(name, _steps(schema)) for name, schema in (version.get("forms") or {}).items()]
    return show(
        visit,
        "studio/template.html",
        template=found,
        diagram=Markup(drawn),  # noqa: S704  (the engine's drawing escapes what an author wrote)
        forms=shown,
        decisions=[view for xml in (version.get("decisions") or {}).values() for view in decisions_of(xml.encode())],
    )


def _steps(schema: dict[str, Any]) -> list[tuple[str, list[forms.FieldView]]]:
    return [
        (step.title, [field for field in forms.views(step.components, {}, {}, {}) if field.label])
        for step in forms.steps_of(schema)
    ]


PAGES = (Page("/", templates, login=True), Page("/templates/{id}", template, login=True))
