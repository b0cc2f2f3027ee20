-- When a robot of a group chat may be written to again, by the machine's clock, for all instances and across restarts:
-- whoever is too fast is not heard for minutes. One row for all robots of a site that write to one address.
CREATE TABLE robot_paces (
    site text NOT NULL,
    pace text NOT NULL, -- the name of the first of these robots
    free_wall timestamptz NOT NULL,
    PRIMARY KEY (site, pace)
);
ALTER TABLE robot_paces ENABLE ROW LEVEL SECURITY;
CREATE POLICY robot_paces_of_site ON robot_paces TO herun_api USING (herun_sees(site));
GRANT SELECT, INSERT, UPDATE, DELETE ON robot_paces TO herun_api;
