"""Who may do what: users, keys of programs, roles, and the record of what they changed.

Nothing here knows of HTTP: the service asks who someone is, `vidpipe users` and `vidpipe keys`
manage the same accounts from the command line.
"""
