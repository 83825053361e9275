"""Who is asking: issuers, tokens, principals, roles, policy."""
