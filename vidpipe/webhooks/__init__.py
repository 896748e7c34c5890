"""Webhooks: what happened is sent to whoever subscribed, as Standard Webhooks has it.

Belongs here: what is sent and how it is signed, when it is sent again, what an answer means. Does
not belong here: what happens (`vidpipe.catalog.events`), and who may subscribe.
"""
