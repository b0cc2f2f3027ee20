-- name: begin_snapshot
INSERT INTO snapshots (partition, stream_epoch, sequence, format_version, taken_at, state)
VALUES (%(partition)s, %(stream_epoch)s, %(sequence)s, %(format_version)s, %(taken_at)s, %(state)s)
ON CONFLICT (partition, stream_epoch, sequence) DO UPDATE
SET format_version = excluded.format_version, taken_at = excluded.taken_at, state = excluded.state

-- name: end_snapshot
UPDATE snapshots SET state = state || %(state)s
WHERE partition = %(partition)s AND stream_epoch = %(stream_epoch)s AND sequence = %(sequence)s

-- name: drop_older_snapshots
DELETE FROM snapshots
WHERE partition = %(partition)s AND (stream_epoch, sequence) NOT IN (
    SELECT stream_epoch, sequence FROM snapshots
    WHERE partition = %(partition)s ORDER BY stream_epoch DESC, sequence DESC LIMIT %(keep)s
)

-- name: read_snapshots
SELECT stream_epoch, sequence, format_version, state
FROM snapshots
WHERE partition = %(partition)s AND (stream_epoch, sequence) <= (%(stream_epoch)s, %(sequence)s)
ORDER BY stream_epoch DESC, sequence DESC
