-- Besides what it had: who works on its whole, if it is a part.
DROP VIEW work_orders_whole;
CREATE VIEW work_orders_whole WITH (security_invoker = true) AS
SELECT o.*, r.score, r.solved, r.comment, r.speed, r.attitude, r.result, r.rater AS rated_by,
       m.state AS master_state, m.answer AS master_answer, m.answered_at AS master_answered_at,
       m.confidential AS master_confidential, f.workers AS pool,
       ARRAY(SELECT h.helper FROM order_helpers AS h WHERE h.site = o.site AND h.number = o.number
             ORDER BY h.added_at, h.helper) AS helpers,
       q.until AS asked_until,
       array_remove(array_append(
           ARRAY(SELECT h.helper FROM order_helpers AS h
                 WHERE h.site = o.site AND h.number = coalesce(o.merged_into, o.parent)
                 ORDER BY h.added_at, h.helper), coalesce(m.worker, w.worker)), NULL) AS crew_above
FROM work_orders AS o
LEFT JOIN work_orders AS m ON m.site = o.site AND m.number = o.merged_into
LEFT JOIN work_orders AS w ON w.site = o.site AND w.number = o.parent
LEFT JOIN order_ratings AS r ON r.site = o.site AND r.number = o.number AND r.round = o.reopens
LEFT JOIN order_offers AS f ON f.site = o.site AND f.number = o.number
LEFT JOIN order_questions AS q ON q.site = o.site AND q.number = o.number AND q.outcome IS NULL;
GRANT SELECT ON work_orders_whole TO herun_api;
