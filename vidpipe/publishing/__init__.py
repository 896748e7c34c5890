"""Posting finished clips on platforms: what is asked, what an answer means, what comes next.

A platform here is a machine without loops, timers and connections. `plan` says from a post, an
account and a saved state which one request comes next and when; `take` makes of its answer the
next state. Who drives it saves the state that `plan` gives before the request is made, so that
whatever dies in between, the state says which request may have been taken: such a request is
looked up, never repeated blindly.

Does not belong here: rows, schedules, quotas of several posts, who approved what.
"""
