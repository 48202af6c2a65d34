"""How much each residual counts while a network is trained: among losses, in time, and point by point."""
