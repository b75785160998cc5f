"""The story of Petiole on one machine: real brokers, real emulated boards, real signatures, only `petiole` commands."""
