"""The pages of `docs/` that are made from the code: settings, metrics, messages, states and reasons.

It stands outside the distributions because it alone looks into all of them.
"""
