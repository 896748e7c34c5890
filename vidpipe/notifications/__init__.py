"""Telling people what went wrong: by Slack, e-mail and whatever else their addresses name.

Belongs here: who is told of what, in which words, how it is sent and sent again. Does not belong
here: what is told and when it was (`vidpipe.catalog.notices`), which conditions hold
(`vidpipe.operations.watch`), what programs are told (`vidpipe.webhooks`).
"""
