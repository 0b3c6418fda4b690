import Foundation
import Testing

extension Integration {
  /// docs/RECOVERY.md against the tests that it names.
  @Suite struct RecoveryPageTests {
    private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

    @Test func `each claim names its tests, and each of them exists`() throws {
      let root = Self.tests.deletingLastPathComponent().deletingLastPathComponent()
      let page = try String(contentsOf: root.appendingPathComponent("docs/RECOVERY.md"), encoding: .utf8)
      let sources = FileManager.default.enumerator(atPath: Self.tests.path)?.allObjects as? [String] ?? []
      let code = try sources.filter { $0.hasSuffix(".swift") }.map {
        try String(contentsOf: Self.tests.appendingPathComponent($0), encoding: .utf8)
      }.joined()
      var claims = 0
      for line in page.split(separator: "\n") where line.hasPrefix("| ") {
        let cells = line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false)
        let last = cells.last?.trimmingCharacters(in: .whitespaces) ?? ""
        if ["tests", "---"].contains(last) { continue }
        claims += 1
        let names = last.components(separatedBy: "`").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
        #expect(!names.isEmpty, "\(line)")
        for name in names { #expect(code.contains("func `\(name)`("), "\(name)") }
      }
      #expect(claims > 10)
      // And those named in the text: what has more than a few words is no option and no file.
      let quoted = page.components(separatedBy: "`").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
      for name in quoted where name.split(separator: " ").count > 4 {
        #expect(code.contains("func `\(name.replacingOccurrences(of: "\n", with: " "))`("), "\(name)")
      }
    }
  }
}
