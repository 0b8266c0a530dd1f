"""Gateways (tenants), the tokens by which their people and services call, and who the caller is."""
