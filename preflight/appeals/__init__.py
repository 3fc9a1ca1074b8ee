"""Requests to be taken off a list: to whom, what has to hold first, and what to write. Nothing is ever sent.

- `contact`: who asks, from `[contact]` of preflight.toml
- `routes`: the ways to receivers and lists, with what each demands, from `data/`
- `standing`: whether the demands are met, by the checks and by what the user vouches for
- `request`: the request itself
"""
