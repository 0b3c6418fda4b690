import Glibc

/// The value of `-vmodule`: verbosity by file, `pattern=N` separated by commas, the first pattern that matches counts.
///
/// A pattern is compared with the name of the source file without `.swift`; `*`, `?` and `[…]` are those of fnmatch(3).
public struct ModuleLevels: Sendable {
  private var levels: [(pattern: String, level: Int)] = []

  /// No pattern: only `-v` counts.
  public init() {}

  /// Reads the text of the flag; nil when an item is not `pattern=N` with N from 0 up.
  public init?(_ text: String) {
    guard !text.isEmpty else { return }
    for item in text.split(separator: ",", omittingEmptySubsequences: false) {
      let parts = item.split(separator: "=", omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, let level = Int(parts[1]), level >= 0 else { return nil }
      levels.append((String(parts[0]), level))
    }
  }

  /// The level of a file, given as `#fileID`; 0 when no pattern matches it.
  func level(of file: String) -> Int {
    guard !levels.isEmpty else { return 0 }
    var stem = fileName(file)
    if stem.hasSuffix(".swift") { stem = stem.dropLast(".swift".count) }
    let name = String(stem)
    return levels.first { fnmatch($0.pattern, name, 0) == 0 }?.level ?? 0
  }
}

/// The last part of a `#fileID`, which is `Module/File.swift`.
func fileName(_ file: String) -> Substring {
  file.lastIndex(of: "/").map { file[file.index(after: $0)...] } ?? file[...]
}
