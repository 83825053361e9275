-- The inbox shows tasks of any role, the newest first: along this index, whose newest entries are mostly the open ones,
-- instead of through all tasks that there ever were.
CREATE INDEX task_newest ON task (created_at DESC, id DESC);
