"""Who the caller is, how that is proved, what they may do and which plugins they reach.

`authentication` identifies the caller before any route runs; `requirements` declares on each route what it
needs; `plugin_scope` keeps plugins apart.
"""
