import Glibc

/// What became of an attempt.
enum Outcome: Equatable, CustomStringConvertible {
  case done
  case failed(Int32)
  case killed(Int32)

  /// Reads the probe's line.
  init?(line: String) {
    let words = line.split(separator: " ")
    switch (words.first, words.count) {
    case ("done", 1): self = .done
    case ("failed", 2):
      guard let code = Int32(words[1]) else { return nil }
      self = .failed(code)
    case ("killed", 2):
      guard let signal = Int32(words[1]) else { return nil }
      self = .killed(signal)
    default: return nil
    }
  }

  var description: String {
    switch self {
    case .done: "was done"
    case .failed(let code): "failed: \(String(cString: strerror(code)))"
    case .killed(let signal): "was ended by signal \(signal)"
    }
  }
}
