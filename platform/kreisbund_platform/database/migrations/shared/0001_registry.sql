-- Tenants, their issuers and places; who may log in where. Written by the owner and the operator only.
CREATE TABLE tenant (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z][a-z0-9-]{1,38}[a-z0-9]$'),
    name text NOT NULL,
    regional_key char(12) UNIQUE CHECK (regional_key ~ '^[0-9]{12}$'),
    kind text NOT NULL DEFAULT 'COUNTY',
    status text NOT NULL DEFAULT 'PROVISIONING' CHECK (status IN ('PROVISIONING', 'ACTIVE', 'SUSPENDED', 'DELETED')),
    schema_name text NOT NULL UNIQUE,
    login_role text NOT NULL UNIQUE,
    -- letterhead, authorities, contact, service-team member: the public part of county.toml
    profile jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    status_changed_at timestamptz NOT NULL
);
CREATE TABLE tenant_secret (
    tenant_id uuid PRIMARY KEY REFERENCES tenant ON DELETE CASCADE,
    epoch integer NOT NULL,
    wrapped bytea NOT NULL
);
CREATE TABLE issuer (
    issuer text PRIMARY KEY,
    realm text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('COUNTY', 'SERVICE_TEAM', 'STATE', 'OPERATIONS')),
    tenant_id uuid REFERENCES tenant ON DELETE CASCADE,
    CHECK ((kind = 'COUNTY') = (tenant_id IS NOT NULL))
);
CREATE TABLE unit (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
    slug text NOT NULL,
    name text NOT NULL,
    parent_id uuid REFERENCES unit,
    -- LeiKa keys or template slugs this unit works on; empty: whatever comes
    responsible_for text[] NOT NULL DEFAULT '{}',
    UNIQUE (tenant_id, slug)
);
CREATE TABLE municipality (
    regional_key char(12) PRIMARY KEY CHECK (regional_key ~ '^[0-9]{12}$'),
    tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
    name text NOT NULL,
    -- feast days that are holidays here beyond the Land's, e.g. corpus_christi
    local_holidays text[] NOT NULL DEFAULT '{}'
);
CREATE TABLE web_session (
    id_hash bytea PRIMARY KEY,
    issuer text NOT NULL,
    subject text NOT NULL,
    -- tokens, wrapped by the deployment's key
    wrapped bytea NOT NULL,
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL
);
CREATE TABLE idempotency (
    subject text NOT NULL,
    mutation text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    document_hash bytea NOT NULL,
    result_type text,
    result_ids json,
    answer text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (subject, mutation, key)
);
