"""Four eyes: what the county's manifest lists is proposed by one person and confirmed by a second one.

Somebody asks for the change as ever; it is tried and undone, and stands as a proposal under the hash of its content.
A second natural person confirms exactly that content. Then the first one asks again, and it happens, once.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from kreisbund_platform import ids
from kreisbund_platform.audit import log
from kreisbund_platform.errors import Conflict, Forbidden, Refusal
from kreisbund_platform.identity import refusals
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.policy import POLICY
from kreisbund_platform.identity.principals import Principal, RealmKind, Role
from kreisbund_platform.rights import persons, queries
from kreisbund_platform.rights.models import Approval
from kreisbund_platform.templates.life_cycle import rows
from kreisbund_platform.texts import _

LASTS = timedelta(days=7)
COMPLETING = "completeTask"
SECOND_PERSON_NEEDED = "SECOND_PERSON_NEEDED"


@dataclass(frozen=True)
class Proposal:
    """A change as it is asked for: its content without the key, and who may be the second person."""

    operation: str
    content: Mapping[str, Any]
    content_hash: str
    case_id: UUID | None
    roles: frozenset[str]


def needed(work: WorkContext, operation: str, given: Mapping[str, Any]) -> Proposal | None:
    """What a second person has to confirm; None where the county does not ask for one."""
    rules = work.tenant.four_eyes
    if operation == COMPLETING:
        return _task_proposal(work, given)
    if operation not in rules.get("mutations", ()):
        return None
    roles = frozenset(str(role) for role in POLICY[f"Mutation.{operation}"])
    return _proposal(operation, given, roles)


def _task_proposal(work: WorkContext, given: Mapping[str, Any]) -> Proposal | None:
    rules = {rule["task"]: rule for rule in work.tenant.four_eyes.get("tasks", ())}
    identifier = ids.parse_id(str(given.get("task")), ids.Kind.TASK)
    task = queries.task_in_template(work.connection, identifier) if identifier and rules else None
    rule = rules.get(task.key) if task else None
    if task is None or rule is None or not _is_above(rule, {**(task.data or {}), **(given.get("data") or {})}):
        return None
    # the case as it stands is part of what is confirmed
    return _proposal(COMPLETING, given, frozenset({task.role}), task.case_id, task.case_version)


def _is_above(rule: Mapping[str, Any], data: Mapping[str, Any]) -> bool:
    """Whether the rule's amount is exceeded; an amount that is not there or is no number counts as exceeded."""
    if "field" not in rule:
        return True
    amount = data.get(rule["field"])
    return isinstance(amount, bool) or not isinstance(amount, int | float) or amount > rule["above"]


def _proposal(
    operation: str,
    given: Mapping[str, Any],
    roles: frozenset[str],
    case_id: UUID | None = None,
    case_version: int | None = None,
) -> Proposal:
    content = {name: value for name, value in given.items() if name != "idempotencyKey"}
    text = orjson.dumps([operation, content, case_version], default=str, option=orjson.OPT_SORT_KEYS)
    plain = orjson.loads(orjson.dumps(content, default=str))
    return Proposal(operation, plain, hashlib.sha256(text).hexdigest(), case_id, roles)


def propose(work: WorkContext, proposal: Proposal) -> Forbidden:
    """Notes the proposal, once, and says that a second person is needed."""
    now, person = work.clock.now(), work.principal
    if queries.open_approval(work.connection, proposal.operation, proposal.content_hash, person.subject, now) is None:
        made = Approval(
            id=ids.new_id(ids.Kind.APPROVAL, now),
            operation=proposal.operation,
            content_hash=proposal.content_hash,
            content=dict(proposal.content),
            case_id=proposal.case_id,
            roles=sorted(proposal.roles),
            proposed_at=now,
            proposed_by=person.subject,
            proposing_persons=_persons(work, person),
            until=now + LASTS,
        )
        queries.withdraw_old(work.connection, proposal.operation, proposal.content_hash, person.subject, now)
        rows.insert(work.connection, made)
        _note(work, "APPROVAL_PROPOSED", made)
    return Forbidden(SECOND_PERSON_NEEDED, _("Das muss erst eine zweite Person bestätigen."))


def use(work: WorkContext, proposal: Proposal) -> bool:
    """Uses up the confirmation of exactly this content by this person; False where there is none."""
    now, subject = work.clock.now(), work.principal.subject
    found = queries.open_approval(work.connection, proposal.operation, proposal.content_hash, subject, now)
    if found is None or found.confirmed_at is None:
        return False
    found.used_at, found.version = now, found.version + 1
    rows.update(work.connection, found, ["id"], "used_at", "version")
    _note(work, "APPROVAL_USED", found)
    return True


def confirm(work: WorkContext, approval_id: str, content_hash: str, expected_version: int) -> UUID | Refusal:
    """Confirms a proposal as a second natural person, who has seen the content of this hash."""
    found = _visible(work, approval_id)
    if not isinstance(found, Approval):
        return found
    if refused := _closed(work, found, expected_version):
        return refused
    if found.content_hash != content_hash:
        return Conflict("OTHER_CONTENT", _("Das ist nicht mehr derselbe Inhalt."), found.version)
    confirming = _persons(work, work.principal)
    if persons.as_known_now(work.connection, found.proposing_persons) & set(confirming):
        return Forbidden("SAME_PERSON", _("Vorschlagen und bestätigen müssen zwei verschiedene Personen."))
    now = work.clock.now()
    found.confirmed_at, found.confirmed_by, found.confirming_persons = now, work.principal.subject, confirming
    found.version += 1
    rows.update(work.connection, found, ["id"], "confirmed_at", "confirmed_by", "confirming_persons", "version")
    _note(work, "APPROVAL_CONFIRMED", found)
    return found.id


def withdraw(work: WorkContext, approval_id: str, expected_version: int) -> UUID | Refusal:
    """Takes a proposal back, or refuses to confirm it: whoever proposed it or might confirm it."""
    found = _visible(work, approval_id)
    if not isinstance(found, Approval):
        return found
    if refused := _closed(work, found, expected_version, confirmed_too=True):
        return refused
    found.withdrawn_at, found.version = work.clock.now(), found.version + 1
    rows.update(work.connection, found, ["id"], "withdrawn_at", "version")
    _note(work, "APPROVAL_WITHDRAWN", found)
    return found.id


def _visible(work: WorkContext, approval_id: str) -> Approval | Refusal:
    identifier = ids.parse_id(approval_id, ids.Kind.APPROVAL)
    found = rows.one(work.connection, Approval, lock=True, id=identifier) if identifier else None
    mine = found is not None and found.proposed_by == work.principal.subject
    if found is None or not (mine or work.principal.roles & set(map(Role, found.roles))):
        return refusals.not_found()
    return found


def _closed(
    work: WorkContext, found: Approval, expected_version: int, *, confirmed_too: bool = False
) -> Conflict | None:
    if refused := refusals.stale(found.version, expected_version):
        return refused
    over = found.used_at or found.withdrawn_at or found.until <= work.clock.now()
    if over or (found.confirmed_at and not confirmed_too):
        return Conflict("APPROVAL_CLOSED", _("Dieser Vorschlag steht nicht mehr offen."), found.version)
    return None


def _persons(work: WorkContext, person: Principal) -> list[str]:
    """The natural persons whose rights somebody brings: their own, and those who lent or are stood in for."""
    assert person.realm_kind is RealmKind.COUNTY, "four eyes are a county's"
    subjects = {
        person.subject,
        *(each.by for each in person.lent_roles),
        *(each.subject for each in person.stands_in_for),
    }
    return persons.persons_of(work.connection, [(work.tenant.slug, subject) for subject in sorted(subjects)])


def _note(work: WorkContext, type: str, approval: Approval) -> None:
    body: dict[str, log.Code] = {
        "approval": str(approval.id),
        "operation": approval.operation,
        "content": approval.content_hash,
    }
    version = queries.case_version(work.connection, approval.case_id) if approval.case_id else None
    log.append(work, type=type, case_id=approval.case_id, case_version=version, body=body)
