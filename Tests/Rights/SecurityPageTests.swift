import Foundation
import Testing

/// docs/SECURITY.md against the attempts and tests that it names.
@Suite struct SecurityPageTests {
  private static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The page in one line, so that a list may go on in the next.
  private func page() throws -> String {
    try text("docs/SECURITY.md").split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  private func text(_ path: String) throws -> String {
    try String(contentsOf: Self.repository.appending(path: path), encoding: .utf8)
  }

  @Test("each attempt that the page names is made in the row of its process") func attempts() throws {
    let claims = try page().matches(of: /Rights ([a-z-]+) ("[a-z-]+"(?:, "[a-z-]+")*)/)
    #expect(claims.count > 20)
    for claim in claims {
      let row = try #require(Row.all.first { $0.process == claim.1 }, "\(claim.1)")
      let known = row.forbidden.flatMap(\.attempts) + row.allowed
      for attempt in claim.2.matches(of: /"([a-z-]+)"/) {
        #expect(known.contains(String(attempt.1)), "\(row.process): \(attempt.1)")
      }
    }
  }

  @Test("what the page says of a taken-over manager is asked of the spawner") func manager() throws {
    let source = try text("Tests/Rights/RightsAttemptTests.swift")
    let claims = try page().matches(of: /Manager ("[a-z-]+"(?:, "[a-z-]+")*)/)
    #expect(!claims.isEmpty)
    for claim in claims {
      for attempt in claim.1.matches(of: /"[a-z-]+"/) { #expect(source.contains("(\(attempt.0), "), "\(attempt.0)") }
    }
  }

  @Test("each other test that the page names is there") func tests() throws {
    let folders = ["Tests/Integration", "Tests/Rights"]
    let sources = try folders.flatMap { folder in
      try FileManager.default.subpathsOfDirectory(atPath: Self.repository.appending(path: folder).path)
        .filter { $0.hasSuffix(".swift") }.map { try text("\(folder)/\($0)") }
    }.joined()
    let names = try page().matches(of: /`([a-z][^`]* [^`]*)`/).map { String($0.1) }.filter {
      !$0.hasPrefix("launcher-")
    }
    #expect(!names.isEmpty)
    for name in names {
      #expect(sources.contains("`\(name)`") || sources.contains("\"\(name)\""), "\(name)")
    }
    for path in try page().matches(of: /`(Tests\/[A-Za-z\/.]+)`/) {
      #expect(FileManager.default.fileExists(atPath: Self.repository.appending(path: String(path.1)).path), "\(path.1)")
    }
  }
}
