"""The `emotiscan` command: one small module a subcommand, and one way to declare options."""
