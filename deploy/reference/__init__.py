"""The pages of `docs/` that are made from the code: settings, metrics, messages, states and reasons.

It is outside the distributions because it alone imports all of them.
"""
