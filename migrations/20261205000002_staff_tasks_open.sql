-- The dashboard lists open tasks, the oldest first, and counts those of one user. The table is small.

SET LOCAL lock_timeout = '5s';

CREATE INDEX staff_tasks_open ON staff_tasks (opened_at, task_id) WHERE closed_at IS NULL;
CREATE INDEX staff_tasks_by_user ON staff_tasks (user_id) WHERE user_id IS NOT NULL;
