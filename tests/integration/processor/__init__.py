"""The processor's laws, held on a real stream and a real database."""
