"""Publishing as users see it: accounts at platforms, posts, their slots, and how they did.

Belongs here: what is posted where and when, what drives a post to its end, whose tokens are
used. Does not belong here: what platforms' requests look like (`vidpipe.publishing`), and how
rows are kept (`vidpipe.catalog`).
"""
