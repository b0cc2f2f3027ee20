"""The engine and what stands around it, without servers."""
