"""Tests, one folder a kind; each is named as the law it holds."""
