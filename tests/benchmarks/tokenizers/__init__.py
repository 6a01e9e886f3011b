"""How far `llm.tokens` is off, measured against real vocabularies: `make measure-tokens`."""
