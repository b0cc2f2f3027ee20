CREATE INDEX work_orders_by_time ON work_orders (site, opened_at, number);
CREATE INDEX order_history_by_time ON order_history (site, at);

-- Which sites are jurisdictions, and how open each is. No row: the site is none.
CREATE TABLE open311_sites (
    site text PRIMARY KEY REFERENCES sites,
    enabled boolean NOT NULL,
    reading text NOT NULL CHECK (reading IN ('public', 'key')),
    shows_media boolean NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL
);

CREATE TABLE open311_keys (
    site text NOT NULL REFERENCES sites,
    key_id text NOT NULL,
    name text NOT NULL,
    key_hash text NOT NULL UNIQUE,
    rights text[] NOT NULL,
    hourly integer NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_by text,
    revoked_at timestamptz,
    PRIMARY KEY (site, key_id)
);

-- How a category is offered as a service, where it differs from the rest.
CREATE TABLE open311_services (
    site text NOT NULL REFERENCES sites,
    service_code text COLLATE "C" NOT NULL,
    settings jsonb NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (site, service_code)
);

-- What was sent in. Without a number it waits for its order.
CREATE TABLE open311_requests (
    site text NOT NULL,
    token text NOT NULL,
    key_id text NOT NULL,
    service_code text NOT NULL,
    number text,
    description text,
    lat double precision, -- WGS-84
    lon double precision,
    address_string text,
    address_id text,
    zipcode text,
    media_url text,
    attributes jsonb NOT NULL,
    account_hash text,
    device_hash text,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (site, token),
    UNIQUE (site, number),
    FOREIGN KEY (site, key_id) REFERENCES open311_keys,
    FOREIGN KEY (site, number) REFERENCES work_orders
);
CREATE INDEX open311_requests_waiting ON open311_requests (received_at) WHERE number IS NULL;

-- Who sent it in: read by the desk only, never published, forgotten first.
CREATE TABLE open311_contacts (
    site text NOT NULL,
    token text NOT NULL,
    phone text,
    email text,
    first_name text,
    last_name text,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (site, token),
    FOREIGN KEY (site, token) REFERENCES open311_requests
);
CREATE INDEX open311_contacts_by_age ON open311_contacts (received_at);

CREATE TABLE open311_media (
    site text NOT NULL,
    media_id text NOT NULL,
    token text NOT NULL,
    content_type text NOT NULL,
    picture bytea NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (site, media_id),
    FOREIGN KEY (site, token) REFERENCES open311_requests
);
CREATE INDEX open311_media_by_request ON open311_media (site, token);

-- What a client adds to a request later.
CREATE TABLE open311_updates (
    site text NOT NULL,
    update_id text NOT NULL,
    number text NOT NULL,
    key_id text NOT NULL,
    client_update_id text,
    description text NOT NULL,
    media_url text,
    at timestamptz NOT NULL,
    received_wall timestamptz NOT NULL,
    PRIMARY KEY (site, update_id),
    FOREIGN KEY (site, number) REFERENCES work_orders,
    FOREIGN KEY (site, key_id) REFERENCES open311_keys
);
CREATE INDEX open311_updates_by_number ON open311_updates (site, number, key_id);
CREATE INDEX open311_updates_by_time ON open311_updates (site, at);

-- What stands in for the idempotency key that the specification does not have.
CREATE TABLE open311_repeats (
    site text NOT NULL,
    fingerprint text NOT NULL,
    token text NOT NULL,
    received_wall timestamptz NOT NULL,
    PRIMARY KEY (site, fingerprint)
);
CREATE INDEX open311_repeats_by_age ON open311_repeats (received_wall);

-- Orders that may be shown to strangers at all, and what each has its state from: the order that it is merged into.
-- Every statement that publishes anything reads this, and adds which categories.
CREATE VIEW open311_orders WITH (security_invoker = true) AS
SELECT o.site, o.number, o.origin, o.category, o.text, o.building, o.unit, o.opened_at, o.opened_seq, o.merged_into,
       coalesce(m.state, o.state) AS state, coalesce(m.answer, o.answer) AS answer,
       greatest(o.updated_at, m.updated_at) AS updated_at, m.number AS master,
       -- Not coalesce(), which the planner counts among what might leak: under row security it would use no index then.
       CASE WHEN m.number IS NULL THEN o.number ELSE m.number END AS source
FROM work_orders AS o
LEFT JOIN work_orders AS m ON m.site = o.site AND m.number = o.merged_into AND NOT m.confidential
WHERE NOT o.confidential AND o.parent IS NULL AND o.origin IN ('report', 'alert');

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'open311_sites', 'open311_keys', 'open311_services', 'open311_requests', 'open311_contacts', 'open311_media',
        'open311_updates', 'open311_repeats']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO herun_api USING (herun_sees(site))', name || '_of_site', name);
    END LOOP;
END
$$;
GRANT SELECT ON open311_orders TO herun_api;
GRANT SELECT, INSERT, UPDATE ON open311_sites, open311_keys, open311_requests TO herun_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON open311_services, open311_repeats TO herun_api;
GRANT SELECT, INSERT, DELETE ON open311_contacts TO herun_api;
GRANT SELECT, INSERT ON open311_media, open311_updates TO herun_api;
