"""All transport: GraphQL, pages, worker."""
