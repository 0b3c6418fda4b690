import Foundation

/// The project's pages, against which tests hold what they measure and what they are called.
enum Page {
  /// The text of a page in the folder docs.
  static func text(_ name: String) throws -> String {
    let harness = URL(filePath: #filePath).deletingLastPathComponent()
    return try String(contentsOf: harness.appending(path: "../../../docs/\(name)"), encoding: .utf8)
  }
}
