-- The state that strangers are told of an order which a published one is merged into: of a confidential one only whether
-- it has an answer.
CREATE FUNCTION open311_state(state text, confidential boolean) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN NOT confidential THEN state
                WHEN state IN ('answered', 'rated', 'closed', 'cancelled') THEN 'answered'
                ELSE 'merged' END
$$;

-- As 0018 has it, but a request that is merged into a confidential order stands as that does too. `is_hidden`: nothing
-- else of that other order may be told, also not when something happened to it.
CREATE OR REPLACE VIEW open311_orders WITH (security_invoker = true) AS
SELECT o.site, o.number, o.origin, o.category, o.text, o.building, o.unit, o.opened_at, o.opened_seq, o.merged_into,
       CASE WHEN m.number IS NULL THEN o.state ELSE open311_state(m.state, m.confidential) END AS state,
       CASE WHEN m.confidential THEN NULL ELSE coalesce(m.answer, o.answer) END AS answer,
       CASE WHEN m.confidential AND open311_state(m.state, true) = 'merged' THEN o.updated_at
            ELSE greatest(o.updated_at, m.updated_at) END AS updated_at,
       m.number AS master,
       -- Not coalesce(), which the planner counts among what might leak: under row security it would use no index then.
       CASE WHEN m.number IS NULL THEN o.number ELSE m.number END AS source,
       m.number IS NOT NULL AND m.confidential AS is_hidden
FROM work_orders AS o
LEFT JOIN work_orders AS m ON m.site = o.site AND m.number = o.merged_into
WHERE NOT o.confidential AND o.parent IS NULL AND o.origin IN ('report', 'alert')
  AND o.channel <> 'pattern';

-- When an order was merged, which is what its updates are read by.
CREATE INDEX order_history_merged ON order_history (site, number) WHERE to_state = 'merged';
