"""The guided way from a draft to a published version: what is done, what is missing, who must act next."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from kreisbund_api.web.words import as_date, german_date, german_time
from kreisbund_platform.texts import _, ngettext

Draft = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """One step. `state`: done, now (somebody can act), later, or open where its place says which of the two.

    `link`: where to act, or where it can be seen.
    """

    title: str
    state: str
    text: str
    who: str = ""
    link: str = ""


def steps(draft: Draft, now: datetime) -> list[Step]:
    """The nine steps of a draft. The first that is not done is to be done now, with all that can go on beside it."""
    found = list(_steps(draft, now))
    first = next((number for number, step in enumerate(found) if step.state != "done"), len(found))
    return [_placed(step, number == first) for number, step in enumerate(found)]


def _placed(step: Step, is_first: bool) -> Step:
    if step.state == "open":
        return replace(step, state="now" if is_first else "later")
    return step


def round_of(draft: Draft) -> Mapping[str, Any] | None:
    """The round on exactly the present content, the newest one."""
    content = draft["revision"]["contentHash"]
    rounds = [each for each in draft["rounds"] if each["contentHash"] == content and each["status"] != "OVERTAKEN"]
    return rounds[0] if rounds else None


def missing_votes(round_: Mapping[str, Any]) -> list[str]:
    """Names of the counties that have not voted."""
    voted = {vote["county"]["slug"] for vote in round_["votes"]}
    return [county["name"] for county in round_["members"] if county["slug"] not in voted]


def _steps(draft: Draft, now: datetime) -> Iterator[Step]:
    lead = draft["topic"]["leadCounty"]["name"]
    authors = _("{county} oder die Leitung des Serviceteams").format(county=lead)
    yield _written(draft, authors)
    yield from _review(draft, now, authors)
    yield from _publication(draft, authors)


def _written(draft: Draft, authors: str) -> Step:
    problems = len(draft["revision"]["problems"])
    title, home = _("Inhalt schreiben, bis die Prüfung nichts findet"), f"/studio/drafts/{draft['id']}/edit"
    if not problems:
        text = _("Bearbeitung {n} besteht alle Prüfungen.").format(n=draft["revision"]["number"])
        return Step(title, "done", text, link=home)
    text = ngettext("Die Prüfung nennt {n} Fehler.", "Die Prüfung nennt {n} Fehler.", problems).format(n=problems)
    return Step(title, "open", text, authors, home)


def _review(draft: Draft, now: datetime, authors: str) -> Iterator[Step]:
    round_ = round_of(draft)
    if round_ is None:
        yield Step(_("Prüfrunde öffnen"), "open", _("Zu diesem Inhalt gibt es noch keine."), authors, "#pruefrunde")
        for title in (_("Anmerkungen klären"), _("Landkreise stimmen ab"), _("Mindestdauer abwarten")):
            yield Step(title, "open", "")
        yield Step(_("Ergebnis feststellen"), "open", "", authors)
        return
    link = f"/studio/rounds/{round_['id']}"
    opened = _("Runde {n} läuft seit {day}.").format(n=round_["number"], day=german_date(round_["openedAt"]))
    yield Step(_("Prüfrunde öffnen"), "done", opened, link=link)
    yield _comments(round_, link, authors)
    yield _votes(round_, link)
    yield _period(round_, link, now)
    yield _result(round_, link, authors)


def _comments(round_: Mapping[str, Any], link: str, authors: str) -> Step:
    unsettled = [each for each in round_["comments"] if not each["answerTo"] and not each["resolvedAt"]]
    title = _("Anmerkungen klären")
    if not unsettled or round_["status"] != "OPEN":
        return Step(title, "done", _("Es ist nichts offen."), link=link)
    text = ngettext("{n} Anmerkung ist offen.", "{n} Anmerkungen sind offen.", len(unsettled))
    return Step(title, "now", text.format(n=len(unsettled)), authors, link)


def _votes(round_: Mapping[str, Any], link: str) -> Step:
    missing = missing_votes(round_)
    title = _("Landkreise stimmen ab")
    text = _("{n} von {of} haben abgestimmt.").format(n=len(round_["votes"]), of=len(round_["members"]))
    if not missing or round_["status"] != "OPEN":
        return Step(title, "done", text, link=link)
    return Step(title, "now", text, ", ".join(missing), link)


def _period(round_: Mapping[str, Any], link: str, now: datetime) -> Step:
    end, title = as_date(round_["openUntil"]), _("Mindestdauer abwarten")
    when = german_time(round_["openUntil"])
    if isinstance(end, datetime) and end <= now:
        return Step(title, "done", _("Sie ist seit {when} um.").format(when=when), link=link)
    return Step(title, "now", _("Die Runde bleibt mindestens bis {when} offen.").format(when=when), link=link)


def _result(round_: Mapping[str, Any], link: str, authors: str) -> Step:
    title = _("Ergebnis feststellen")
    if round_["status"] == "ACCEPTED":
        text = _("Am {day} angenommen.").format(day=german_date(round_["closedAt"]))
        return Step(title, "done", text, link=link)
    if round_["status"] == "REJECTED":
        text = _("Am {day} abgelehnt. Ein geänderter Inhalt braucht eine neue Runde.")
        return Step(title, "open", text.format(day=german_date(round_["closedAt"])), authors, link)
    return Step(title, "open", "", authors, link)


def _publication(draft: Draft, authors: str) -> Iterator[Step]:
    proposal = draft["proposal"]
    signed: Sequence[Mapping[str, Any]] = proposal["signatures"] if proposal else ()
    first, second = _("Übergangsregel wählen und als Erste oder Erster unterschreiben"), _("Zweite Unterschrift")
    if not signed:
        yield Step(first, "open", "", authors, "#unterschrift")
    else:
        yield Step(first, "done", _signed(signed[0]))
    another = _("eine andere Person des Serviceteams")
    if len(signed) > 1:
        yield Step(second, "done", _signed(signed[1]))
    else:
        yield Step(second, "open", _("Damit ist die Fassung veröffentlicht."), another, "#unterschrift")
    version = proposal["publishedVersion"] if proposal else None
    if version:
        text = _("Fassung {n} ist veröffentlicht.").format(n=version["number"])
        yield Step(_("In den Landkreisen einführen"), "open", text, authors, f"/studio/versions/{version['id']}")
    else:
        yield Step(_("In den Landkreisen einführen"), "open", _("Jeder Landkreis gibt die Fassung für sich frei."))


def _signed(signature: Mapping[str, Any]) -> str:
    return _("{name} am {when}").format(name=signature["name"], when=german_time(signature["signedAt"]))
