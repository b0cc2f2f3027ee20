"""What every test shares. Fixtures that start servers live beside the tests that need them."""

from __future__ import annotations
