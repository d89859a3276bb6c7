"""Experiments: verify variants on feeds, measure those that agree, keep everything in a result document.

``pipeline.conduct`` is the order of the steps, ``feed`` does them on one feed (``profiles`` the last), ``budget`` says
how long each may take. ``options`` is what was asked for, ``document`` what is kept, ``resume`` goes on with it.
"""
