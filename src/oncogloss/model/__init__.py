"""The model: tokenizer, windows, network, runtime, decoding, bundle."""
