"""The life of a tenant: manifest, provisioning, catalogue, demonstration data, command line."""
