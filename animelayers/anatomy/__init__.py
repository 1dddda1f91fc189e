"""What happens to parts whatever predicted them: which is seen where, sides, strata, order, hidden areas, exactness."""
