"""The second factor of users with a local password: one-time codes or security keys.

`second_factors` has the use cases for log-in and codes, `security_keys` those for keys. `totp` makes and
checks codes, `webauthn` makes requests to keys and verifies the answers, `sealing` encrypts the secrets,
`half_way` connects the password with the second factor, `challenges` makes what keys sign.
"""
