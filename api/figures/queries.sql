-- name: facts
-- One row for each order that was opened in one of the weeks, with the names of the measures that count it
-- (definitions.py). Counting and listing read the same rows, so a number is as long as the list that it opens. By unit
-- there is one more for each other unit that had it, if it was given back; `whole` is what counts the whole order,
-- null if its parts are not told apart.
SELECT o.number, o.opened_seq, o.state, o.category, o.unit, o.grid, o.building, o.merged_into, o.opened_at, w.week,
       o.confidential, o.reporter, o.worker, whose.unit AS of_unit,
       CASE WHEN part.is_now THEN every.measures WHEN NOT part.is_now THEN ARRAY[]::text[] END AS whole,
       CASE WHEN part.is_now IS NULL THEN every.measures
            WHEN part.is_now
            THEN array_remove(array_remove(every.measures, CASE WHEN NOT part.had THEN 'dispatched' END),
                              CASE WHEN NOT part.gave THEN 'returned' END)
            ELSE array_remove(ARRAY[CASE WHEN part.had THEN 'dispatched' END,
                                    CASE WHEN part.gave THEN 'returned' END], NULL) END AS measures
FROM unnest(%(weeks)s::text[], %(begins)s::timestamptz[], %(ends)s::timestamptz[]) AS w(week, begins_at, ends_at)
-- OFFSET 0 makes each of these a look by index: a few thousand orders of a week, never all that there are.
CROSS JOIN LATERAL (
    SELECT * FROM work_orders AS each
    WHERE each.site = %(site)s AND each.opened_at >= w.begins_at AND each.opened_at < w.ends_at
    OFFSET 0
) AS o
LEFT JOIN LATERAL (
    SELECT m.state FROM work_orders AS m WHERE m.site = o.site AND m.number = o.merged_into OFFSET 0
) AS master ON true
-- The newest round in which anybody rated; of several raters each has to be content.
LEFT JOIN LATERAL (
    SELECT bool_and(r.solved) AS solved, min(r.score) AS satisfied FROM order_ratings AS r
    WHERE r.site = o.site AND r.number = o.number
    GROUP BY r.round ORDER BY r.round DESC LIMIT 1
) AS said ON true
CROSS JOIN LATERAL (
    SELECT EXISTS (
        SELECT FROM order_history AS h
        WHERE h.site = o.site AND h.number = o.number AND h.action = 'handle'
          AND h.at <= o.opened_at + %(response)s::interval) AS respond,
        -- Reopening forgets it, and only the history knows.
        o.reopens > 0 AND o.dispatched_at IS NULL AND EXISTS (
        SELECT FROM order_history AS h
        WHERE h.site = o.site AND h.number = o.number AND h.to_state = 'dispatched') AS go_out,
        -- Not what was cancelled before, or is a round more for another reason: nobody had answered that.
        o.reopens > 0 AND EXISTS (
        SELECT FROM order_history AS h
        WHERE h.site = o.site AND h.number = o.number AND h.action = 'reopen'
          AND h.from_state IN ('answered', 'rated', 'closed', 'merged')) AS reopen
    OFFSET 0
) AS did
-- The date that was promised first is the one to be kept: reopening gives another, and makes nothing undone. Nothing had
-- to be kept any more of what its reporter withdrew before the date; of what others cancelled it had.
CROSS JOIN LATERAL (
    SELECT min(p.due_at) FILTER (WHERE p.is_first) AS first_at,
           coalesce(bool_or(p.ended_at > p.due_at), false) AS broken,
           bool_or(p.due_at <= %(as_of)s AND (p.is_first OR coalesce(p.ended_at > p.due_at, true))) AS past
    FROM (
        SELECT each.due_at, each.ended_at, each.round = min(each.round) FILTER (
            WHERE each.outcome IS DISTINCT FROM 'dropped' OR each.ended_at > each.due_at OR NOT EXISTS (
                SELECT FROM order_history AS h
                WHERE h.site = o.site AND h.number = o.number AND h.action = 'cancel' AND h.actor = o.reporter
                  AND h.at = each.ended_at)
        ) OVER () AS is_first
        FROM order_promises AS each WHERE each.site = o.site AND each.number = o.number
    ) AS p
) AS promise
-- Silent can only be who could have spoken: not the sub-orders, what nobody reported, or who has no account, as nobody
-- has of whom an Open311 client tells.
CROSS JOIN LATERAL (
    SELECT gone, o.merged_into IS NOT NULL AS merged,
           o.merged_into IS NULL AND NOT gone AS counted,
           o.state IN ('answered', 'rated', 'closed') AS answered,
           said.satisfied IS NOT NULL AS rated,
           NOT gone AND said.satisfied IS NULL AND coalesce(master.state, o.state) = 'closed'
               AND o.parent IS NULL AND o.reporter IS NOT NULL
               AND o.channel IS DISTINCT FROM 'open311' AS silent
    -- To cancel what was rated takes no rating back.
    FROM (SELECT o.state = 'cancelled' AND said.satisfied IS NULL AS gone) AS one
) AS it
-- What was merged, or cancelled by somebody else than its reporter, is no better for what it had missed until then: its
-- 24 hours, if it was neither at their end.
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN it.gone THEN (
            SELECT CASE WHEN h.actor IS DISTINCT FROM o.reporter THEN h.at END FROM order_history AS h
            WHERE h.site = o.site AND h.number = o.number AND h.action = 'cancel' ORDER BY h.n DESC LIMIT 1)
        WHEN it.merged THEN (
            SELECT max(h.at) FROM order_history AS h
            WHERE h.site = o.site AND h.number = o.number AND h.action = 'merge' AND h.to_state = 'merged')
        END AS since
    OFFSET 0
) AS away
-- What was given back was dispatched to the units whose turns it had workers in, and returned by those whose turn that
-- ended: not by whose it is now. It has no parts if it never was, or was before turns were kept.
LEFT JOIN LATERAL (
    SELECT turn.unit, bool_or(turn.is_now) AS is_now, bool_or(turn.had) AS had, bool_or(turn.gave) AS gave
    FROM (
        SELECT each.unit, false AS is_now, true AS had, h.n IS NOT NULL AS gave
        FROM (
            SELECT t.unit, t.worker, lead(t.n) OVER (ORDER BY t.n) AS next_n FROM order_turns AS t
            WHERE t.site = o.site AND t.number = o.number
        ) AS each
        LEFT JOIN order_history AS h
            ON h.site = o.site AND h.number = o.number AND h.n = each.next_n AND h.action = 'return'
        WHERE each.worker IS NOT NULL
        UNION ALL
        SELECT o.unit, true, false, false
    ) AS turn
    WHERE %(by_unit)s AND o.returns > 0 AND it.counted AND EXISTS (
        SELECT FROM order_turns AS t JOIN order_history AS h USING (site, number, n)
        WHERE t.site = o.site AND t.number = o.number AND h.action = 'return')
    GROUP BY turn.unit
) AS part ON true
CROSS JOIN LATERAL (
    SELECT CASE WHEN part.is_now IS NULL THEN o.unit ELSE part.unit END AS unit
) AS whose
CROSS JOIN LATERAL (
    SELECT array_remove(ARRAY[
           'opened',
           -- As a bulletin's demand.
           CASE WHEN o.origin = 'report' AND o.state <> 'cancelled' AND o.parent IS NULL AND o.channel <> 'pattern'
               THEN 'reported' END,
           CASE WHEN it.gone THEN 'cancelled' END,
           CASE WHEN it.merged THEN 'merged' END,
           CASE WHEN it.counted THEN 'counted' END,
           CASE WHEN CASE
               WHEN it.counted THEN did.respond OR o.opened_at <= %(as_of)s - %(response)s::interval
               ELSE NOT did.respond AND away.since IS NOT NULL AND coalesce((
                   SELECT h.to_state NOT IN ('merged', 'cancelled') FROM order_history AS h
                   WHERE h.site = o.site AND h.number = o.number AND h.at <= o.opened_at + %(response)s::interval
                   ORDER BY h.n DESC LIMIT 1), true)
               END THEN 'response_due' END,
           CASE WHEN it.counted AND did.respond THEN 'responded' END,
           CASE WHEN promise.first_at IS NOT NULL AND CASE
               WHEN it.counted THEN it.answered OR promise.past
               ELSE promise.past AND EXISTS (
                   SELECT FROM order_promises AS p
                   WHERE p.site = o.site AND p.number = o.number
                     AND away.since IS NOT NULL AND p.due_at < least(away.since, p.ended_at))
               END THEN 'promise_due' END,
           CASE WHEN it.counted AND it.answered AND o.answered_at <= promise.first_at AND NOT promise.broken
               THEN 'on_time' END,
           CASE WHEN it.counted AND (o.dispatched_at IS NOT NULL OR o.returns > 0 OR did.go_out) THEN 'dispatched' END,
           CASE WHEN it.counted AND o.returns > 0 THEN 'returned' END,
           CASE WHEN it.counted AND (it.answered OR did.reopen) THEN 'answered' END,
           CASE WHEN it.counted AND did.reopen THEN 'reopened' END,
           CASE WHEN it.rated OR it.silent THEN 'asked' END,
           CASE WHEN it.silent THEN 'silent' END,
           CASE WHEN it.rated THEN 'rated' END,
           CASE WHEN it.rated AND said.solved THEN 'solved' END,
           CASE WHEN it.rated AND said.satisfied >= %(satisfied)s THEN 'satisfied' END,
           CASE WHEN it.rated AND said.satisfied <= %(dissatisfied)s THEN 'dissatisfied' END
       ], NULL) AS measures
    OFFSET 0
) AS every
-- Whose it is now, or who gave it back: the first is known before all else.
WHERE (%(unit)s::text IS NULL OR o.unit = %(unit)s OR o.returns > 0)
  AND (%(unit)s::text IS NULL OR whose.unit = %(unit)s)
  AND (%(grid)s::text IS NULL OR o.grid = %(grid)s)
  AND (%(category)s::text IS NULL OR o.category = %(category)s)
  AND (%(categories)s::text[] IS NULL OR (o.category = ANY (%(categories)s)) = %(of_them)s)
  AND ('unit' <> ALL (%(without)s::text[]) OR o.unit IS NULL OR o.returns > 0)
  AND ('unit' <> ALL (%(without)s::text[]) OR whose.unit IS NULL)
  AND ('grid' <> ALL (%(without)s::text[]) OR o.grid IS NULL)

-- name: counted
-- What is counted alike is counted together: a site has few combinations of measures.
SELECT CASE %(by)s::text WHEN 'unit' THEN of_unit WHEN 'grid' THEN grid WHEN 'category' THEN category END AS key,
       week, measures, whole, count(*) AS orders
FROM facts
GROUP BY 1, 2, 3, 4;

-- name: measured
-- What a measure counts, and whether it is hidden from who asks: what is confidential is for few.
SELECT number, opened_seq, state, category, unit, grid, building, merged_into, opened_at, measures,
       confidential AND NOT coalesce(
           %(is_confidant)s OR reporter = %(me)s OR (%(is_worker)s AND worker = %(me)s), false) AS hidden
FROM facts
WHERE %(measure)s = ANY(measures)

-- name: listed
SELECT number, opened_seq, state, category, unit, grid, building, merged_into, opened_at, measures FROM measured
WHERE NOT hidden AND (%(older_than)s::bigint IS NULL OR opened_seq < %(older_than)s)
ORDER BY opened_seq DESC
LIMIT %(limit)s;

-- name: how_many
SELECT count(*) AS orders, count(*) FILTER (WHERE hidden) AS hidden FROM measured;
