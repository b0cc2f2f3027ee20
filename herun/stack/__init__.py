"""The one-box stack: starts broker, database and services as processes of one supervisor, and the `herun` command.

It knows the services only as programs (`python -m gateway`), never as imports.
"""
