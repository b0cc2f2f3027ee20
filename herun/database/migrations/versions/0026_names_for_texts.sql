-- The engine has not been told what the zones and buildings are called that are there already.
INSERT INTO api_outbox (site, partition, kind, body)
SELECT s.site, s.partition, 'layout.put', jsonb_build_object(
    'zones', (SELECT coalesce(jsonb_object_agg(z.zone, z.name), '{}') FROM zones AS z WHERE z.site = s.site),
    'buildings', (SELECT coalesce(jsonb_object_agg(b.building, b.name), '{}') FROM buildings AS b WHERE b.site = s.site))
FROM sites AS s
WHERE EXISTS (SELECT 1 FROM zones AS z WHERE z.site = s.site)
   OR EXISTS (SELECT 1 FROM buildings AS b WHERE b.site = s.site);
