"""How long an organisation keeps its records, what goes when, and what must stay."""
