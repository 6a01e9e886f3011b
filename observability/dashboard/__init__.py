"""The house's figures on the admin's first page: sums and curves over time, never anything about one person."""
