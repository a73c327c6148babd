"""Demo: a whole deployment in a folder, a simulated hospital day through it, and what came of it."""
