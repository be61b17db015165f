"""What is asked for after the password of users who have one here: codes of a device, or security keys.

`second_factors` has the use cases of log-in and codes, `security_keys` those of keys; `totp` and `webauthn`
know the codes and the keys, `sealing` encrypts secrets, `half_way` leads from the password to the second
factor, `challenges` are what keys sign.
"""
