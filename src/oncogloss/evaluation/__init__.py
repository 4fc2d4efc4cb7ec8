"""Scoring and measuring."""
