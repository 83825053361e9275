-- Answers of the service team, the state and operations, sealed as the counties' are; those in clear go.
ALTER TABLE idempotency ADD COLUMN sealed bytea;
ALTER TABLE idempotency ADD COLUMN holders text[] NOT NULL DEFAULT '{}';
UPDATE idempotency SET result_type = NULL, result_ids = NULL, answer = NULL;
