"""All changes of the schema; each feature brings its own."""

import strawberry

from kreisbund_api.graphql.case_mutations import CaseMutations
from kreisbund_api.graphql.catalogue_mutations import CatalogueMutations
from kreisbund_api.graphql.emergency_roots import EmergencyMutations
from kreisbund_api.graphql.life_cycle_mutations import DraftMutations, PublicationMutations, ReviewMutations
from kreisbund_api.graphql.privacy_mutations import PrivacyMutations
from kreisbund_api.graphql.release_mutations import ReleaseMutations
from kreisbund_api.graphql.rights_mutations import (
    ApprovalMutations,
    BlockMutations,
    StandingInMutations,
    SupportMutations,
)
from kreisbund_api.graphql.transfers import TransferMutations
from kreisbund_api.graphql.upgrade_mutations import UpgradeMutations
from kreisbund_api.graphql.variants_mutations import VariantMutations
from kreisbund_api.graphql.wait_mutations import WaitMutations


@strawberry.type
class Mutation(
    CaseMutations,
    CatalogueMutations,
    VariantMutations,
    DraftMutations,
    PublicationMutations,
    ReleaseMutations,
    ReviewMutations,
    TransferMutations,
    UpgradeMutations,
    WaitMutations,
    PrivacyMutations,
    BlockMutations,
    StandingInMutations,
    SupportMutations,
    ApprovalMutations,
    EmergencyMutations,
):
    """Changing; each input carries an idempotencyKey, what changes an existing thing an expectedVersion."""
