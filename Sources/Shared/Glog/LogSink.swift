/// A place for finished lines. Called with the logger's lock held: it must not log.
public protocol LogSink: Sendable {
  /// Writes one line, its line end included. Returns false when the line is lost; it neither waits nor ends the process.
  mutating func write(_ line: [UInt8], severity: Severity) -> Bool
}
