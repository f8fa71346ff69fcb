-- Users who share a number have no attempt of their own: a dead one hid why nothing was sent to them.
UPDATE users SET attempt_id = NULL
WHERE reason = 'shared_phone' AND state = 'registered' AND attempt_id IS NOT NULL;
