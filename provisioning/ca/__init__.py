"""The city's certificate authority: an offline root, an online issuer, and what they keep."""
