"""One-time codes (TOTP) that are required after the password, for users with a password here.

`second_factors` has the use cases; `totp` makes and checks the codes, `sealing` encrypts the secrets,
`half_way` leads from the password to the code.
"""
