"""How fast Rapt is beside kubectl: ``make bench``."""
