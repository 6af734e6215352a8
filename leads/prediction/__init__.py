"""A forecast of which leads become customers, learned from leads whose outcome is known.

It stands beside the score and never changes it, nor any stage or queue.
"""
