"""Nobody sees what is not theirs: attempts generated from api/schema.graphql against the real application."""
