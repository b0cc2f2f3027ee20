"""The database: pool, named queries, migrations, and what the server can do."""
