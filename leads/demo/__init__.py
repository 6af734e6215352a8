"""Fjordwell: a fictional company to look at, written as a workspace bundle."""
