"""One ruler for every model: metrics on closed definitions, runs over sets, reports, comparisons."""
