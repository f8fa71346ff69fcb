-- A SID belongs to a message, a message to a number, and a number to few attempts: they are found by the number. So no
-- SID needs an index, in which each new one would fall into another page of millions. The table stays for workers of the
-- release before, which write to it until they are replaced; the next release drops it.
UPDATE status_callbacks c SET message_id = s.message_id
FROM message_sids s WHERE s.sid = c.sid AND c.message_id IS DISTINCT FROM s.message_id;
