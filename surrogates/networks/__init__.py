"""Networks for latent coordinates: ensembles whose members are trained together."""
