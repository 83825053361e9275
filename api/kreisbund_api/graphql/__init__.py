"""The GraphQL schema over the services."""
