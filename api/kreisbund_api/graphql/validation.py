"""The specification's rules, those left out that have nothing to judge: each rule visits every node again."""

from graphql import ASTValidationRule, DocumentNode, GraphQLError, specified_rules, validate
from graphql import validation as rules

from kreisbund_api.graphql.schema import SCHEMA

SHOWN_ERRORS = 5
# a sign without which a document can break none of the rules below it
NEEDED = {
    "$": (
        rules.UniqueVariableNamesRule,
        rules.NoUndefinedVariablesRule,
        rules.NoUnusedVariablesRule,
        rules.VariablesAreInputTypesRule,
        rules.VariablesInAllowedPositionRule,
    ),
    "@": (
        rules.KnownDirectivesRule,
        rules.UniqueDirectivesPerLocationRule,
        rules.DeferStreamDirectiveOnRootField,
        rules.DeferStreamDirectiveOnValidOperationsRule,
        rules.DeferStreamDirectiveLabel,
        rules.StreamDirectiveOnListField,
    ),
    "...": (rules.KnownFragmentNamesRule, rules.PossibleFragmentSpreadsRule),
    "fragment": (rules.UniqueFragmentNamesRule, rules.NoUnusedFragmentsRule, rules.NoFragmentCyclesRule),
}


def errors_in(document: DocumentNode, text: str) -> tuple[GraphQLError, ...]:
    """The first errors of the document that this text was."""
    needless = {rule for sign, of_sign in NEEDED.items() if sign not in text for rule in of_sign}
    kept: list[type[ASTValidationRule]] = [rule for rule in specified_rules if rule not in needless]
    return tuple(validate(SCHEMA._schema, document, kept, max_errors=SHOWN_ERRORS))
