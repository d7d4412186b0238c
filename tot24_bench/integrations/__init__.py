"""The one scorer inside other evaluation harnesses; each module needs that harness installed."""
