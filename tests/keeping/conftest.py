from tests.registry.conftest import registry, write

__all__ = ["registry", "write"]
