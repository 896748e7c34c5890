"""Where clips begin and end: which sentences open one, which end one.

Belongs here: what is learnt of sentences that readers of whole transcripts marked, and what runs
it. Does not belong here: which runs of sentences become clips, and what they score (the modules
beside this package, which it does not import).
"""
