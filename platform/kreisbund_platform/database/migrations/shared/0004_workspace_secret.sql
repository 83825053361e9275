-- Login roles that work beside the counties: catalogue, state, operations, collector. Read by the registry's role only.
CREATE TABLE workspace_secret (
    workspace text PRIMARY KEY,
    login_role text NOT NULL UNIQUE,
    epoch integer NOT NULL,
    wrapped bytea NOT NULL
);
