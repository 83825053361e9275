"""A small template with parallel branches in several versions, stored without the checks of publishing."""

from kreisbund_platform.clock import ManualClock
from kreisbund_platform.templates import publishing, queries
from kreisbund_platform.templates.manifest import read_manifest
from kreisbund_platform.templates.source import TemplateSource
from tests.engine.models import definitions, flows, node, timer
from tests.support.fixtures import START

SLUG = "gutachten"


def textfield(key, label, *, required=False):
    return {"type": "textfield", "key": key, "label": label, "id": f"f_{key}", "validate": {"required": required}}


def form(form_id, *components):
    return {"id": form_id, "type": "default", "components": list(components), "example": {}}


FORMS = {
    "application": form("application", textfield("wish", "Wunsch"), textfield("colour", "Farbe")),
    "report": form("report", textfield("finding", "Ergebnis")),
    "statement": form("statement", textfield("reply", "Äußerung")),
    "decision": form("decision", textfield("outcome", "Entscheidung")),
}
NEXT = "Das Gutachten wird erstellt."


def task(name, title, role, form_id, due="P14D", **more):
    return node("userTask", name, name=title, kb_role=role, kb_form=form_id, kb_due=due, **more)


def boundary(name, host, duration, cancel="true"):
    return node("boundaryEvent", name, timer(duration), attachedToRef=host, cancelActivity=cancel)


def process(
    *branches,
    extra="",
    arrows=(),
    decide=("decide", "Entscheiden", "caseworker"),
):
    """start → split → each branch → join → decide → end."""
    names = [text.split('id="')[1].split('"')[0] for text in branches]
    name = decide[0]
    body = (
        node("startEvent", "start")
        + node("parallelGateway", "split")
        + "".join(branches)
        + extra
        + node("parallelGateway", "join")
        + task(*decide, "decision")
        + node("endEvent", "end")
    )
    merged = {arrow.split(">")[1].removesuffix("_merge") for arrow in arrows if "_merge" in arrow}
    body += "".join(node("exclusiveGateway", f"{each}_merge") for each in sorted(merged))
    ends = {each: (f"{each}_merge" if each in merged else "join") for each in names}
    ways = [arrow for each in names for arrow in (f"split>{each}", f"{each}>{ends[each]}")]
    ways += [f"{each}_merge>join" for each in sorted(merged)]
    return definitions(body + flows("start>split", *ways, f"join>{name}", f"{name}>end", *arrows), process="gutachten")


REPORT = task("report", "Gutachten erstellen", "caseworker", "report", kb_nextStep=NEXT, kb_nextStepBy="P4W")
STATEMENT = task("statement", "Stellung nehmen", "citizen", "statement", due="P1M")
FIRST = process(REPORT, STATEMENT, extra=boundary("late", "statement", "P1M"), arrows=["late>statement_merge"])
# a third branch: nobody will ever send its token to cases that are past the split
THIRD_BRANCH = process(
    REPORT,
    STATEMENT,
    task("expert", "Fachstelle hören", "caseworker", "report"),
    extra=boundary("late", "statement", "P1M"),
    arrows=["late>statement_merge"],
)
# other ids, roles, periods, a new timer, another name of a field
SECOND = process(
    task(
        "survey",
        "Gutachten erstellen",
        "team_lead",
        "report",
        due="P21D",
        kb_nextStep="Neuer Text",
        kb_nextStepBy="P2W",
    ),
    STATEMENT.replace('"P1M"', '"P2M"'),
    extra=boundary("late", "statement", "P2M")
    + boundary("slow", "survey", "P6M", "false")
    + node("endEvent", "reminded"),
    arrows=["late>statement_merge", "slow>reminded"],
    decide=("decide", "Abschließend entscheiden", "caseworker"),
)
# a new timer of which a case's own data say how long it takes
BY_WISH = process(
    REPORT,
    STATEMENT,
    extra=boundary("late", "statement", "P1M")
    + boundary("slow", "report", "=wish", "false")
    + node("endEvent", "reminded"),
    arrows=["late>statement_merge", "slow>reminded"],
)
RENAMED = {
    **FORMS,
    "application": form("application", textfield("desire", "Wunsch"), textfield("size", "Größe", required=True)),
}


# another text in a form alone
PLAIN = {**FORMS, "report": form("report", textfield("finding", "Befund"))}


def source(bpmn_xml, forms=FORMS, lead="kyffhaeuserkreis"):
    return TemplateSource(
        manifest={
            "slug": SLUG, "title": "Gutachten", "leika_key": "99088011039001", "summary": "Ein Gutachten.",
            "legal_basis": ["§ 26 ThürVwVfG"], "regime": "ThürVwVfG", "sphere": "own", "assurance_level": "basic",
            "guests": True, "channels": ["PORTAL", "LETTER"], "start_form": "application",
            "topic": {"slug": "schule", "title": "Schule und Bildung", "lead_county": lead},
        },
        bpmn_xml=bpmn_xml, decisions={}, forms=forms, letters={}, cases=[],
    )  # fmt: skip


def store(deployment, given):
    """The version's id; nothing is checked, so that unsound changes can be tried as well."""
    manifest = read_manifest(given.manifest)
    with deployment.connections.for_workspace("catalogue") as connection, connection.transaction():
        known = queries.version_with(connection, SLUG, given.content_hash)
        if known:
            return known.id
        lead = queries.tenant_id(connection, manifest.topic.lead_county)
        return publishing._store(connection, given, manifest, lead, ManualClock(START).now(), "test").id
