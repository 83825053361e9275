"""What a county decides about people beside its realm: blocking, standing in, lending roles, inviting support."""
