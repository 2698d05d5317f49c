"""MLflow as a tracker; extra `mlflow`."""
