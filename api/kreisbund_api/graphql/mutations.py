"""All changes of the schema; each feature brings its own."""

import strawberry

from kreisbund_api.graphql.case_mutations import CaseMutations
from kreisbund_api.graphql.catalogue_mutations import CatalogueMutations
from kreisbund_api.graphql.wait_mutations import WaitMutations


@strawberry.type
class Mutation(
    CaseMutations,
    CatalogueMutations,
    WaitMutations,
):
    """Changing; each input carries an idempotencyKey, what changes an existing thing an expectedVersion."""
