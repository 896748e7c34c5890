"""What each platform wants: presets as data, typed; and quality tiers.

Adding a platform is one YAML file in `presets/`. Does not belong here: how a
clip is made to fit (exports) or drawn (clips).
"""

from vidpipe.platforms.model import Preset, Tier, load_presets, load_tiers

__all__ = ["Preset", "Tier", "load_presets", "load_tiers"]
