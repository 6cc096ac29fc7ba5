"""Meters frames into flows and classifies them as they stream. Never sees the generator."""
