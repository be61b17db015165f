"""Log-in at the organisation's identity provider by OpenID Connect: the authorization code flow with PKCE.

`provider` talks to it, `id_token` verifies its tokens, `identity` maps claims to name, role and plugins here,
`provisioning` adds or updates the user; `log_in` runs these steps in order.
"""
