"""The HTTP API under `/api/v1`: JSON in and out, one error form, described by `/api/openapi.json`."""
