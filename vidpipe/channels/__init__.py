"""Who a video is for: brand, platforms, limits.

Belongs here: the typed `channels.yaml`. Does not belong here: what a stage does
with a brand.
"""

from vidpipe.channels.model import Brand, CaptionStyle, Channel, ClipLimits, load_channels

__all__ = ["Brand", "CaptionStyle", "Channel", "ClipLimits", "load_channels"]
