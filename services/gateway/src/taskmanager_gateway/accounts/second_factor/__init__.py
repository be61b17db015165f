"""What is required after the password, for users with a password here: one-time codes or security keys.

`second_factors` has the use cases of log-in and codes, `security_keys` those of keys; `totp` and `webauthn`
make and check the codes and the answers of keys, `sealing` encrypts the secrets, `half_way` leads from the
password to the second factor, `challenges` are what keys sign.
"""
