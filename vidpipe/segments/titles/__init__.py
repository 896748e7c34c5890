"""What a passage is called: its title, hook, description and hashtags, in its own words.

Belongs here: what may be a title, what it is worth, and which is taken. Does not belong here:
which passages are chosen (the modules beside this package, which it does not import) and how a
sentence becomes a headline (`vidpipe.language.headline`).
"""
