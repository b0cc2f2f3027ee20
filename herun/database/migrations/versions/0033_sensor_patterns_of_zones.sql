-- Of what lies in no building, as an underpass: else null.
ALTER TABLE topics ADD COLUMN zone text;
