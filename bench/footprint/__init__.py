"""How large, idle and fast the agent is, beside a bare script on wasmtime-py: `python -m bench.footprint`."""
