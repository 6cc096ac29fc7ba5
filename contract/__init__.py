"""What the rooms agree on: schemas, families, truth, ledger, clock, safety, errors. Imports no other room."""
