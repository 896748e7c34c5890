"""The service: `/api/v1` over the library, beside the pages.

Belongs here: what a request says and what it is answered with, in `routes/` one file a
resource; errors, limits, repeated requests. Does not belong here: what is decided and done,
which the library does, and who someone is, which `security/` and `vidpipe.accounts` say.
"""
