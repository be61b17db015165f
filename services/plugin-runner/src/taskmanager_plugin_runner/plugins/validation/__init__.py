"""What the validating plugins share: verdicts, reports and their proof, and how a job goes over its pictures.

Knows no format of pictures; `tiffvalidation` and `jp2validation` bring what they examine.
"""
