"""What a person at this machine asks: commands of `petiole agent`, each a module that runs by itself."""
