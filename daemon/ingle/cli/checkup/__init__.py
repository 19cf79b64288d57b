"""What `ingle doctor` looks at: each check is a function of the session that gives findings."""
