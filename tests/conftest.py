"""What every test shares. Fixtures that start servers live beside the tests that need them."""

from __future__ import annotations

import os

from hypothesis import settings

# How long an example takes says how busy the machine is, nothing of the code. CI plays the same examples each time, so
# that what it says is about the change; people's machines look for new ones.
settings.register_profile("herun", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "herun")
