"""Keycloak realms: what each should be, derived from tenant and manifest; made, compared, mended, removed."""
