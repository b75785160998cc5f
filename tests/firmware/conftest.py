"""Makes the modules of the PlatformIO platform importable: PlatformIO runs them from their folder."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "firmware" / "platform" / "builder"))
