-- The newest version of each rule that is in force. rule_versions stays what happened, and is never rewritten.
CREATE TABLE rules_in_force (
    site text NOT NULL REFERENCES sites,
    uid text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    PRIMARY KEY (site, uid)
);
INSERT INTO rules_in_force (site, uid, version)
SELECT site, uid, version FROM rule_versions AS v
WHERE body IS NOT NULL
  AND version = (SELECT max(version) FROM rule_versions AS newest WHERE newest.site = v.site AND newest.uid = v.uid);

ALTER TABLE rules_in_force ENABLE ROW LEVEL SECURITY;
CREATE POLICY rules_in_force_of_site ON rules_in_force TO herun_api USING (herun_sees(site));
GRANT SELECT, INSERT, UPDATE, DELETE ON rules_in_force TO herun_api;
