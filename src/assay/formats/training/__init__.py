"""The rows and settings that programs for fine-tuning read: TRL, Axolotl, LLaMA-Factory."""
