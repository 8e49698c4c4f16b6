"""What several test files share: the running app, a visitor without a browser, small data sets."""
