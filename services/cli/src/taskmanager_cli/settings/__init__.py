"""Where the gateway is and how the caller proves who they are."""
