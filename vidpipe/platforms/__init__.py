"""What each platform wants: presets as data, typed.

Adding a platform is one YAML file in `presets/`. Does not belong here: how a
clip is made to fit (exports) or drawn (clips).
"""

from vidpipe.platforms.model import Preset, load_presets, preset

__all__ = ["Preset", "load_presets", "preset"]
