"""German words for the codes of a template's life."""

from kreisbund_platform.texts import _


def life_cycle_words() -> dict[str, dict[str, str]]:
    """By kind of code, as words.py keeps its own."""
    return {
        "draft": {
            "OPEN": _("In Arbeit"),
            "IN_REVIEW": _("In der Prüfrunde"),
            "ACCEPTED": _("Angenommen"),
            "PUBLISHED": _("Veröffentlicht"),
            "DISCARDED": _("Verworfen"),
        },
        "round": {
            "OPEN": _("Offen"),
            "ACCEPTED": _("Angenommen"),
            "REJECTED": _("Abgelehnt"),
            "OVERTAKEN": _("Überholt, der Inhalt wurde geändert"),
        },
        "rule": {
            "MAJORITY": _("Mehrheit: mehr als die Hälfte der Landkreise nimmt teil, und mehr stimmen zu als ablehnen"),
            "UNANIMITY": _("Einstimmigkeit: alle Landkreise nehmen teil, und keiner lehnt ab"),
            "LEAD_DECIDES": _("Der federführende Landkreis entscheidet, die anderen werden gehört"),
        },
        "vote": {"APPROVE": _("Zustimmung"), "REJECT": _("Ablehnung"), "ABSTAIN": _("Enthaltung")},
        "transition": {
            "ALL": _("für alle Vorgänge, die nach der Freigabe beginnen"),
            "RECEIVED_FROM": _("für Anträge, die ab diesem Tag eingehen"),
            "DECISIONS_FROM": _("für alle Entscheidungen ab diesem Tag"),
        },
        "version": {
            "PUBLISHED": _("Aktuell"),
            "SUPERSEDED": _("Abgelöst, laufende Vorgänge gehen weiter"),
            "RETIRED": _("Außer Kraft"),
        },
        "rollout": {"RUNNING": _("Läuft"), "HALTED": _("Angehalten"), "COMPLETED": _("Abgeschlossen")},
        "halt": {
            "INCIDENTS": _("Zu viele Vorgänge mit Störung"),
            "OVERDUE": _("Zu viele überfällige Vorgänge"),
        },
        "change": _change_words(),
        "history": _history_words(),
    }


def _change_words() -> dict[str, str]:
    return {
        "TEXT": _("Texte"),
        "HELP": _("Hilfetexte"),
        "DEADLINE_LONGER": _("Längere Fristen"),
        "DEADLINE_SHORTER": _("Kürzere Fristen"),
        "ROLE": _("Zuständige Rollen"),
        "FORM_OPTIONAL_FIELD": _("Neue freiwillige Angaben"),
        "FORM_REQUIRED_FIELD": _("Neue Pflichtangaben"),
        "FORM_REMOVED_FIELD": _("Wegfallende Angaben"),
        "LETTER": _("Schreiben und Bescheide"),
        "STRUCTURE": _("Aufbau des Ablaufs"),
        "DECISION": _("Entscheidungsregeln"),
        "FEE": _("Gebühren"),
        "LEGAL_BASIS": _("Rechtsgrundlagen"),
        "LAYOUT": _("Zeichnung, Beispiele und Testfälle"),
    }


def _history_words() -> dict[str, str]:
    return {
        "DRAFT_CREATED": _("Entwurf begonnen"),
        "DRAFT_SAVED": _("Entwurf gespeichert"),
        "DRAFT_RESTORED": _("Ältere Bearbeitung wiederhergestellt"),
        "DRAFT_DISCARDED": _("Entwurf verworfen"),
        "ROUND_OPENED": _("Prüfrunde geöffnet"),
        "COMMENT_ADDED": _("Anmerkung geschrieben"),
        "COMMENT_RESOLVED": _("Anmerkung erledigt"),
        "COMMENT_REOPENED": _("Anmerkung wieder geöffnet"),
        "VOTE_CAST": _("Abgestimmt"),
        "ROUND_ACCEPTED": _("Prüfrunde angenommen"),
        "ROUND_REJECTED": _("Prüfrunde abgelehnt"),
        "PROPOSAL_SIGNED": _("Veröffentlichung unterschrieben"),
        "PROPOSAL_WITHDRAWN": _("Vorschlag zurückgezogen"),
        "VERSION_PUBLISHED": _("Fassung veröffentlicht"),
        "VERSION_SIGNED": _("Fassung unterschrieben"),
        "VERSION_RELEASED": _("Fassung im Landkreis freigegeben"),
        "ADOPTION_ENDED": _("Übernahme im Landkreis beendet"),
        "VERSION_RETIRED": _("Fassung außer Kraft gesetzt"),
        "ROLLOUT_STARTED": _("Einführung begonnen"),
        "ROLLOUT_HALTED": _("Einführung angehalten"),
        "ROLLOUT_RESUMED": _("Einführung fortgesetzt"),
        "ROLLOUT_COMPLETED": _("Einführung abgeschlossen"),
        "RING_OPENED": _("Nächste Einführungsstufe geöffnet"),
    }
