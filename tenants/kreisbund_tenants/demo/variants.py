"""How three counties of the demonstration vary school transport: by their Satzung, by an own step, by a text."""

from typing import Any
from uuid import UUID

from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.templates.variants import editing as variants

TEMPLATE = "schuelerbefoerderung"
# Example values, as in county.toml: the county puts its own statute here.
OPERATIONS: dict[str, list[dict[str, Any]]] = {
    "nordhausen": [
        {
            "point": "own_share",
            "kind": "value",
            "value": 2800,
            "citation": "§ 4 der Satzung über die Schülerbeförderung im Landkreis Nordhausen",
            "citation_date": "2023-08-01",
            "reason": "Der Kreistag hat den Eigenanteil so festgesetzt.",
        },
        {
            "point": "hearing_period",
            "kind": "deadline",
            "value": "P4W",
            "reason": "Anhörungen fallen oft in die Ferien.",
        },
        {
            "point": "hearing_text",
            "kind": "text",
            "value": "Wir beabsichtigen, Ihren Antrag auf Schülerbeförderung für das Schuljahr {school_year}"
            " abzulehnen. Sie können sich innerhalb von vier Wochen dazu äußern (§ 28 Abs. 1 ThürVwVfG).",
            "reason": "Der Brief nennt dieselbe Frist.",
        },
    ],
    "wartburgkreis": [
        {
            "point": "before_notice",
            "kind": "insertion",
            "value": {"fragment": "file_note", "name": "Haushaltsvermerk", "role": "caseworker", "due": "P3D"},
            "reason": "Die Kreiskämmerei verlangt vor jeder Bewilligung einen Vermerk.",
        },
    ],
    "kyffhaeuserkreis": [
        {
            "point": "distance_help",
            "kind": "text",
            "value": "Einfacher Weg von der Haustür bis zum Schulgebäude. Das Geoportal des Landkreises misst ihn.",
            "reason": "Viele Nachfragen zur Messung.",
        },
    ],
}


def vary(work: WorkContext) -> None:
    """Puts the county's variant in force, where the demonstration has one."""
    operations = OPERATIONS.get(work.tenant.slug)
    if not operations:
        return
    draft = variants.save_draft(work, TEMPLATE, operations, 0)
    made = variants.put_in_force(work, draft, 1) if isinstance(draft, UUID) else draft
    if not isinstance(made, UUID):
        raise TypeError(f"demo variant refused: {made}")
