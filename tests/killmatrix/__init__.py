"""The kill matrix: real processes are killed at every step of a send; a ledger judges the rest."""
