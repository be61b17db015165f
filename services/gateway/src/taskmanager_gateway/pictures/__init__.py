"""Pictures of a job's files for people to look at: bounded, and never from beyond the roots.

Read `service` first. `places` opens a file beneath the roots; `readers` hands it, already open, to one of a
few processes (the room `reader`) that alone decode; `cache` keeps what they made. Nothing here knows HTML, or
asks for rights: whoever calls has found the job for its reader.
"""
