"""Processing without an orchestrator."""
