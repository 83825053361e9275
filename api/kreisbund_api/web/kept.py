"""A visitor's form between the moment they are asked to log in again and the moment they are back."""

from uuid import UUID

from kreisbund_api.services import Services
from kreisbund_platform.identity import kept_forms
from kreisbund_platform.identity.kept_forms import KeptForm
from kreisbund_platform.identity.principals import Principal
from kreisbund_platform.tenancy.registry import IssuerEntry


def keep(services: Services, entry: IssuerEntry, person: Principal, form: KeptForm) -> UUID | None:
    """Keeps the form for this person of this realm; None where it is too large."""
    with services.connections.for_workspace("registry") as connection:
        return kept_forms.keep(
            connection, services.settings, services.clock, issuer=entry.issuer, subject=person.subject, form=form
        )


def find(services: Services, entry: IssuerEntry, person: Principal, form_id: str) -> KeptForm | None:
    """The form, for the person who sent it."""
    with services.connections.for_workspace("registry") as connection:
        return kept_forms.find(
            connection, services.settings, services.clock, issuer=entry.issuer, subject=person.subject, form_id=form_id
        )
