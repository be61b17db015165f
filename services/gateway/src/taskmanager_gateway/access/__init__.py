"""Who asks, by what proof, what they may do and which plugins they reach.

`gate` finds out who asks, before any route; `needs` says on each route what it takes; `reach` keeps plugins
apart.
"""
