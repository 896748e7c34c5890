"""One file a resource: each parses, asks the library, and shows."""
