"""Whoever uses the service in a load test, one file each; nothing but this and the locustfile imports Locust."""
