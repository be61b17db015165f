"""The HTTP interface of ITM, the system Goobi users know, translated to ours and back.

Pure translation except for `job_types` and `identifiers`; jobs are submitted through the same use cases as
everywhere.
"""
