"""Experiments: verify variants on feeds, measure those that agree, keep everything in a result document.

``step.Step`` is one part of an experiment as an object, with its dependencies and outputs; ``steps`` holds lobench's
own, in order, and ``own`` loads the user's. ``pipeline.conduct`` performs them one after the other, over all feeds;
``feed.FeedExperiment`` is the object that they work on, and ``sessions`` measures side by side. ``budget`` holds the
time of each, ``options`` the request, ``document`` the result, and ``resume`` continues it.
"""
