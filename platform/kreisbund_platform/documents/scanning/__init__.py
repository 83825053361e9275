"""Virus scanning: the port for scanners, ClamAV behind it, the quarantine of what nobody has scanned yet."""
