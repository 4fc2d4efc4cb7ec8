"""The training side: corpora, objectives, pretraining, fine-tuning, quantizing. Needs torch."""
