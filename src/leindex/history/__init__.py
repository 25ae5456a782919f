"""What commits changed: which ones added or removed lines that match, and since when and until when a text is there.

The ways in are `changed.ChangedCommits` and `presence.presence`. They take a `History`, which git's own comparison of
commits is behind, and import what matches lines (`exact`), not the index: histories are read from git each time.
"""
