import Testing

/// Real processes, real machines, a real scheduler. One test at a time: two cores boot one machine well and two badly.
@Suite(.serialized) enum Integration {}
