"""How clips look: caption styles, title zones, backdrops and cut-ins as data, typed.

What a template says holds for every canvas shape; fonts, sizes and colours are the channel's.
"""
