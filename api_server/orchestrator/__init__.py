"""Events become decisions, decisions become the next tasks. A process of its own."""
