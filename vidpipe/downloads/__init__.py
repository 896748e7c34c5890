"""Recordings from links: files that a server gives, and what public pages show."""
