"""How the transparency decoder is taught: what a latent and the VAE's picture of it say of alpha and colour."""
