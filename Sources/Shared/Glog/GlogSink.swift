import Glibc

/// Where glog's options send a line: files, standard error, or both.
struct GlogSink: LogSink {
  private var standardError = DescriptorSink(STDERR_FILENO)
  private var files: LogFiles
  /// Severity from which on a line goes to standard error as well.
  private let threshold: FileSeverity

  init(files: LogFiles, threshold: FileSeverity) {
    self.files = files
    self.threshold = threshold
  }

  mutating func write(_ line: [UInt8], severity: Severity) -> Bool {
    let isInFiles = files.write(line, severity: severity)
    let isDue = FileSeverity(severity) >= threshold
    // A line that no file takes is better seen there than not at all.
    let isShown = isDue || !isInFiles ? standardError.write(line, severity: severity) : true
    return isDue ? isInFiles && isShown : isInFiles || isShown
  }
}
