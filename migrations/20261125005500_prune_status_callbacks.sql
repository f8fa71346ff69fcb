-- `worker prune` deletes callbacks by age. They are stored in order of arrival, so a block range index finds the old
-- ones and costs next to nothing to keep.
CREATE INDEX status_callbacks_by_age ON status_callbacks USING brin (received_at);
