"""SpiffWorkflow's tuned loop, where the package is at hand."""

AVAILABLE = False
