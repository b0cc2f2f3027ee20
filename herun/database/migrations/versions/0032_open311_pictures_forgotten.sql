-- What is older than pictures are kept is found without reading any.
CREATE INDEX open311_media_by_age ON open311_media (received_at);
GRANT DELETE ON open311_media TO herun_api;
