"""Many days at once: `lobench batch` and ``lobench.batch``, on dask.distributed.

``feeds`` finds the named feeds, ``schedule`` makes tasks of them, one for each feed or for each share of a large one's
instruments. ``cluster`` distributes these, largest first, to processes that Dask starts or has; ``task`` runs there:
one replay, whose rows go to the files of the dataset (``layout`` chooses them, ``output`` writes them). ``manifest``
keeps the outcome of each task, ``driving`` goes through all of it.

A file appears whole under its name or not at all, and names the task that wrote it. So the files themselves show what
is finished: whatever was killed when, a second run writes exactly the missing ones.
"""
