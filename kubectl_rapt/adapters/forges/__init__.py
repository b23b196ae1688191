"""Forges behind one port: Gitea and Forgejo, GitHub, GitLab."""
