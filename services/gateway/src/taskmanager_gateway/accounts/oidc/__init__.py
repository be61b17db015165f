"""Log-in at the organisation's identity provider by OpenID Connect: the authorization code flow with PKCE.

`provider` speaks with it, `id_token` says what its word is worth, `identity` what that makes of somebody
here, `provisioning` makes them a user; `log_in` puts the steps in their order.
"""
