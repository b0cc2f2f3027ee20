-- name: claim
INSERT INTO partitions (partition, owner, owner_epoch, lease_until, stream_created, stream_epoch, sequence, frame_id,
                        engine_time, purged_below)
VALUES (%(partition)s, %(owner)s, 1, %(lease_until)s, '', 0, 0, '', %(engine_time)s, 0)
ON CONFLICT (partition) DO UPDATE
SET owner = excluded.owner, owner_epoch = partitions.owner_epoch + 1, lease_until = excluded.lease_until
WHERE partitions.lease_until < %(at)s OR (%(own_at_once)s AND partitions.owner = excluded.owner)
RETURNING partition, owner, owner_epoch, stream_created, stream_epoch, sequence, frame_id, purged_below

-- name: release
UPDATE partitions SET lease_until = %(at)s - interval '1 second'
WHERE partition = %(partition)s AND owner = %(owner)s AND owner_epoch = %(owner_epoch)s

-- name: enter_stream
UPDATE partitions
SET stream_created = %(stream_created)s, stream_epoch = %(stream_epoch)s, sequence = %(sequence)s, frame_id = %(frame_id)s,
    purged_below = %(purged_below)s
WHERE partition = %(partition)s AND owner = %(owner)s AND owner_epoch = %(owner_epoch)s
