"""Many days at once: `lobench batch` and ``lobench.batch``, on dask.distributed.

``feeds`` finds what was named, ``plan`` makes tasks of it, one for each feed or for each share of a large one's
instruments. ``cluster`` has them done, largest first, by processes that Dask starts or has; ``task`` is what runs
there: one replay, whose rows go to the files of the dataset (``layout`` says which, ``output`` writes them).
``manifest`` keeps what became of each task, ``driving`` goes through all of it.

A file appears whole under its name or not at all, and tells which task wrote it. So the files themselves say what is
done: whatever was killed when, a second run writes those that are missing and no other.
"""
