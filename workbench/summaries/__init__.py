"""A verb's findings, formulated once and shown where people work.

Each verb has a module here that makes a ``Summary`` of its typed result: ``cmp``, ``contest`` (``cmp`` of callables and
commands), ``diff``, ``check``, ``verify``. The others show one: ``terminal``, ``markdown`` (a file, a pull request's
comment), ``github`` (a step's summary, the comment, annotations) and ``junit`` (test reports). So a verdict has the
same words and figures everywhere.
"""
