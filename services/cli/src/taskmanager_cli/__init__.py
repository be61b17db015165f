"""The command `taskmanager`: what operators do, over the HTTP API of a gateway and nothing else."""
