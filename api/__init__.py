"""The FastAPI service and its live page."""
