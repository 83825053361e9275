-- What no scanner has looked at yet waits here.
ALTER TABLE upload ADD COLUMN scan_due_at timestamptz, ADD COLUMN scan_attempts integer NOT NULL DEFAULT 0;
CREATE INDEX upload_scan_due ON upload (scan_due_at) WHERE scan_due_at IS NOT NULL;
CREATE INDEX upload_content ON upload (storage_key);
-- A document that somebody sent shows the state of its upload; what the county made itself has none.
ALTER TABLE document ADD COLUMN upload_id uuid REFERENCES upload ON DELETE CASCADE;
UPDATE document d SET upload_id = u.id FROM upload u
    WHERE d.kind = 'upload' AND u.claimed_by_case = d.case_id AND u.storage_key = d.storage_key;
CREATE INDEX document_upload ON document (upload_id) WHERE upload_id IS NOT NULL;
