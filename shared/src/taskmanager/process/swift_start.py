"""Imported before everything else by a service: nothing that is being loaded is garbage, and looking is slow.

The collector would run hundreds of times, for a fifth of the time that loading a gateway takes.
`garbage.keep_what_is_loaded` turns it on again.
"""

import gc

gc.disable()
