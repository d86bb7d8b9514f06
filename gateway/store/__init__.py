"""The truth: tables, migrations and units of work over SQLite or PostgreSQL. SQLAlchemy does not leave this folder."""
