"""What `ingle setup` stands on: the table of files, the record of what was written, systemd, plugins."""
