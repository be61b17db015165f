"""Keeps as many runners running at its place as are wanted: the only service that talks to an engine.

It decides nothing: how many there are to be and which may be stopped comes from the scheduler; what a runner
is (image, command, folders, limits) is in the orchestrator's own file and nowhere else.
"""
