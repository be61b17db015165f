"""What runs in the processes that decode: started with an empty environment, bounded, and told no path.

The gateway itself imports only `orders` and `wire` of this room, which know no library of pictures.
"""
