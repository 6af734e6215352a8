"""What qualified means: written as a draft, checked, published as a version, and said in English."""
