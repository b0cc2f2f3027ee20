"""What every test shares. Fixtures that start servers live beside the tests that need them."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes says how busy the machine is, nothing of the code.
settings.register_profile("herun", deadline=None)
settings.load_profile("herun")
