"""What is right: enclosures, the tiers that find them, the truth they decide.

The oracle never imports a subject's library: that separation is the soundness argument.
"""
