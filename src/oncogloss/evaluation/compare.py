"""The comparison: every system trained and read on the same records and splits, each in child processes of its own.

One JSON a system stands in the folder of results; it holds offsets, types and figures, never text:

    system, steps, settings, split, machine, date, seed, command
    sample     "" or what the run is a sample of, in words
    skipped    only where the system did not run: why. All below is then missing
    records    {"training": n, "read": n, "timed": n}
    scores     {"strict", "relaxed", "seen", "unseen", "relations"}: each {type: {"right", "found", "wanted"}}, and
               "attributes": {"right", "found", "wanted"}. seen and unseen: strict scores of the spans whose words are,
               or are not, those of a training span of the same type
    training   {"seconds", "cpu_seconds", "peak_mib"}
    size       {"parameters", "bytes"}
    running    {"cold_start_seconds", "peak_mib", "seconds_p50", "seconds_p95", "cpu_seconds", "records_per_hour",
               "load", "by_length": [{"characters": [least, most], "records", "seconds", "cpu_seconds"}, … four]}.
               seconds are of the wall clock; cpu_seconds a record, mean; records_per_hour of two busy cores, from them;
               load: how many processes wanted the cores meanwhile (their seconds are the machine's as it was)
    curve      [{"share", "records", "strict", "relaxed", "seconds", "cpu_seconds"}, …]: F1 by share of the training
    update     null, or {"names", "sentences", "seconds", "cpu_seconds", "recall_before", "recall_after"}
    examples   [{"record", "passage", "start", "end", "wanted": [[type, start, end], …], "found": […]}, …]: the same
               lines for all systems
"""
