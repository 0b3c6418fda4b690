import Foundation
import Testing

extension Integration {
  /// docs/PERFORMANCE.md against the tests that it names.
  @Suite struct PerformancePageTests {
    @Test func `each test that the page names is there`() throws {
      let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
      let page = try Page.text("PERFORMANCE.md")
      let files = FileManager.default.enumerator(atPath: tests.path)?.allObjects as? [String] ?? []
      let code = try files.filter { $0.hasSuffix(".swift") }.map {
        try String(contentsOf: tests.appending(path: $0), encoding: .utf8)
      }.joined()
      let parts = page.components(separatedBy: "`")
      var named = 0
      for (before, name) in zip(parts, parts.dropFirst())
      where ["test: ", "nodes: ", "The test "].contains(where: before.hasSuffix)
        || name.count > 25 && name.allSatisfy(\.isLetter)
      {
        named += 1
        #expect(code.contains("func `\(name)`(") || code.contains("func \(name)("), "\(name)")
      }
      #expect(named > 14)
    }
  }
}
