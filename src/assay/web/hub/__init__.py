"""The Hugging Face Hub's protocol, read-only: what `datasets` and `huggingface_hub` ask for, over this registry."""
