"""One verb a file: flags become types here, then the action takes over."""
