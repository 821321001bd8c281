"""What we ask: families, the corpus, shipped and given logits; every case with an address."""
