"""Gold spans of public corpora as documents to learn from, without those that a model is judged by."""
