"""Adapt: a released model goes on learning from documents of one site, mixed with synthetic ones."""
