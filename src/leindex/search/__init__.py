"""From a plan to results: candidates, verification, ranking, formatting."""
