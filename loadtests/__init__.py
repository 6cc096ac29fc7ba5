"""Locust users and load shapes; they talk HTTP only."""
