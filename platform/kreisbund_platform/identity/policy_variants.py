"""Policy of county variants: the county admin edits, who works on cases or on templates reads."""

from kreisbund_platform.identity.policy_terms import CASE_READERS, COUNTY_ADMINS, Who, of_type
from kreisbund_platform.identity.principals import Role

READERS: Who = CASE_READERS | {Role.TEMPLATE_AUTHOR}
COMPARERS: Who = READERS | {Role.TOPIC_LEAD, Role.SERVICE_TEAM_LEAD}

VARIANTS: dict[str, Who] = {
    **of_type(
        "Query",
        {
            READERS: "templateVariants templateVariant variablePoints variantComparison"
            " variantRebases variantRebase rebasePreview",
            COMPARERS: "versionComparison",
        },
    ),
    **of_type(
        "Mutation",
        {
            COUNTY_ADMINS: "saveVariantDraft putVariantInForce discardVariantDraft endVariant"
            " beginRebase decideRebaseStep finishRebase undoRebase abandonRebase"
        },
    ),
    **of_type("CaseRecord", {READERS: "variant"}),
    **of_type(
        "TemplateVariant",
        {
            READERS: "id number version status contentHash bpmnXml forms letters createdAt createdBy inForceAt"
            " inForceBy replacedAt base template operations"
        },
    ),
    **of_type("VariantOperation", {READERS: "point kind value reason citation citationDate baseValue fingerprint"}),
    **of_type(
        "VariablePoint",
        {READERS: "id kind title element elementName norm citation binds unit baseValue rawValue fingerprint locked"},
    ),
    **of_type("VersionComparison", {COMPARERS: "differences oldDrawing newDrawing"}),
    **of_type("VersionDifference", {COMPARERS: "kind part place name before after sentence changeClass"}),
    **of_type(
        "VariantRebase",
        {
            READERS: "id version status automatic startedAt startedBy finishedAt finishedBy undoneAt undoneBy"
            " undoneReason template fromVersion toVersion fromVariant toVariant steps"
        },
    ),
    **of_type(
        "RebaseStep", {READERS: "position point kind value title outcome reason baseBefore baseNow mine decision"}
    ),
    **of_type("RebaseDecision", {READERS: "choice value point reason by at"}),
    **of_type("RebasePreview", {READERS: "sound hints problems targets comparison"}),
    **of_type("VariantProblem", {READERS: "path code message"}),
    **of_type("RebaseTarget", {READERS: "position id title baseValue"}),
    **of_type("VariantSuccess", {COUNTY_ADMINS: "variant"}),
    **of_type("VariantEndedSuccess", {COUNTY_ADMINS: "template"}),
    **of_type("RebaseSuccess", {COUNTY_ADMINS: "rebase"}),
}
