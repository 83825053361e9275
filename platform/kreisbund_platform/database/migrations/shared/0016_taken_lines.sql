-- Which lines of a county's outbox are in the figures already, by their ids: ids are given before commit, so that a line
-- with a lower one may come later than all that a position has passed. `last_outbox_id` is what the former program
-- counted up to.
ALTER TABLE collector_position ADD COLUMN taken bigint[] NOT NULL DEFAULT '{}';
