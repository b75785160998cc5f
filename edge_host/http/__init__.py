"""HTTP for guests: what they ask, what they answer, and the server in front of them. Loaded when it is used."""
