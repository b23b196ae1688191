"""What people install, and how it is built: the wheel, the archive for krew, krew's manifest, the image."""
