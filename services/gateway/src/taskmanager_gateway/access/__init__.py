"""Who asks, by what proof, what they may do and which plugins they reach.

`authentication` finds out who asks, before any route; `requirements` says on each route what it takes;
`plugin_scope` keeps plugins apart.
"""
