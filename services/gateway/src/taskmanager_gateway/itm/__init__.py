"""The HTTP interface of the system Goobi users know (ITM), translated to ours and back.

Pure translation but for `job_types` and `identifiers`; jobs are taken by the same use cases as everywhere.
"""
