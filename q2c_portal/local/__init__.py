"""The demo and the tests on one machine: embedded servers, sandboxes and a supervisor (never in production)."""
