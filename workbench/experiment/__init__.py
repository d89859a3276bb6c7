"""Experiments: verify variants on feeds, measure those that agree, keep everything in a result document.

``step.Step`` is one part of an experiment as an object, with what it needs and what it adds; ``steps`` holds those that
there are, in their order, and ``own`` loads the user's. ``pipeline.conduct`` does them one after the other, over all
feeds; ``feed.FeedExperiment`` is what they work on, and ``sessions`` how they measure side by side. ``budget`` says how
long each may take, ``options`` what was asked for, ``document`` what is kept, ``resume`` goes on with it.
"""
