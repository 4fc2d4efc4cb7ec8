"""Many records: streams in, a store of Parquet parts out, and what can be asked of it."""
