"""The laws of the code itself. Each checker is a pure function that a test also shows a bad sample."""
