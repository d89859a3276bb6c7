"""A verb's findings as one model, shown on the terminal, as Markdown, in a hosted CI and as JUnit XML.

Each verb has a module here that makes a ``Summary`` of its typed result: ``cmp``, ``contest`` (``cmp`` of callables and
commands), ``diff``, ``check``, ``verify``. The others show one: ``terminal``, ``markdown`` (a file, a pull request's
comment), ``github`` (a step's summary, the comment, annotations) and ``junit`` (test reports). So a verdict has the
same words and figures everywhere.
"""
