-- Of the whole picture as it was kept; null for those from before this was written down.
ALTER TABLE pictures ADD COLUMN sha256 text;
