"""Which paths a grep is about: -g, -t and their globs. Way in: `path_filter.PathFilter`. May import values."""
