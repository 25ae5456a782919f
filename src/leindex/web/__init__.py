"""The page: templates and static files of `leindex serve`."""
