-- Dagster's own tables and the catalog are databases of their own.
CREATE DATABASE vidpipe;
