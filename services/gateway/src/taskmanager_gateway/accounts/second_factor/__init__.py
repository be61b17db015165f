"""Codes of a device that are asked for after the password (TOTP), for users with a password here.

`second_factors` has the use cases; `totp` the codes, `sealing` the encryption of secrets, `half_way` what
leads from the password to the code.
"""
