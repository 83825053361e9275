"""The elements that BPMN 2.0.2 knows (formal/2013-12-09, the schemas Semantic.xsd and BPMN20.xsd)."""

_REFUSED = """
    complexGateway adHocSubProcess transaction choreographyTask subChoreography callChoreography implicitThrowEvent
"""
FLOW_ELEMENTS_REFUSED = frozenset(_REFUSED.split())
_ROOT = """
    definitions import extension relationship process collaboration choreography conversation globalConversation
    globalChoreographyTask globalTask globalUserTask globalManualTask globalScriptTask globalBusinessRuleTask
    category categoryValue correlationProperty dataStore endPoint error escalation interface itemDefinition message
    operation partnerEntity partnerRole resource resourceParameter signal source target
"""
_EVENTS = """
    cancelEventDefinition compensateEventDefinition conditionalEventDefinition errorEventDefinition
    escalationEventDefinition linkEventDefinition messageEventDefinition signalEventDefinition
    terminateEventDefinition timerEventDefinition eventDefinitionRef condition timeDate timeDuration timeCycle
    operationRef inMessageRef outMessageRef errorRef
"""
_FLOW = """
    startEvent endEvent intermediateCatchEvent intermediateThrowEvent boundaryEvent
    task userTask manualTask serviceTask sendTask receiveTask scriptTask businessRuleTask callActivity subProcess
    exclusiveGateway parallelGateway inclusiveGateway eventBasedGateway sequenceFlow conditionExpression
    incoming outgoing script activationCondition completionCondition
    multiInstanceLoopCharacteristics standardLoopCharacteristics loopCondition loopCardinality loopDataInputRef
    loopDataOutputRef inputDataItem outputDataItem complexBehaviorDefinition event
"""
_DATA = """
    dataObject dataObjectReference dataStoreReference dataState property ioSpecification ioBinding dataInput dataOutput
    inputSet outputSet dataInputRefs optionalInputRefs whileExecutingInputRefs outputSetRefs dataOutputRefs
    optionalOutputRefs whileExecutingOutputRefs inputSetRefs dataAssociation dataInputAssociation
    dataOutputAssociation sourceRef targetRef transformation assignment from to
"""
_BESIDE = """
    documentation extensionElements auditing monitoring rendering text textAnnotation association group
    laneSet lane childLaneSet flowNodeRef partitionElement partitionElementRef performer humanPerformer potentialOwner
    resourceRole resourceRef resourceAssignmentExpression resourceParameterBinding expression formalExpression
    supports supportedInterfaceRef interfaceRef endPointRef value
"""
_COLLABORATION = """
    participant participantMultiplicity participantRef participantAssociation innerParticipantRef outerParticipantRef
    messageFlow messageFlowRef messageFlowAssociation conversationNode conversationLink conversationAssociation
    innerConversationNodeRef outerConversationNodeRef subConversation callConversation choreographyRef
    correlationKey correlationPropertyRef correlationPropertyBinding correlationPropertyRetrievalExpression
    correlationSubscription dataPath messagePath initiatingParticipantRef
"""
KNOWN = FLOW_ELEMENTS_REFUSED.union(*(text.split() for text in (_ROOT, _EVENTS, _FLOW, _DATA, _BESIDE, _COLLABORATION)))
