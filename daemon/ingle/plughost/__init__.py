"""The daemon's side of plugins: manifests, approvals, hosts. No plugin code is imported here."""
