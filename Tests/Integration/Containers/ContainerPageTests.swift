import Foundation
import Testing

extension Integration {
  /// docs/CONTAINERS.md against the tests that it names.
  @Suite struct ContainerPageTests {
    @Test func `each test that the page names is there`() throws {
      let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
      let root = tests.deletingLastPathComponent()
      let page = try String(contentsOf: root.appendingPathComponent("docs/CONTAINERS.md"), encoding: .utf8)
      let sources = FileManager.default.enumerator(atPath: tests.path)?.allObjects as? [String] ?? []
      let code = try sources.filter { $0.hasSuffix(".swift") }.map {
        try String(contentsOf: tests.appendingPathComponent($0), encoding: .utf8)
      }.joined()
      let names = page.matches(of: /`([a-z][^`]*)`/).map { String($0.1).replacingOccurrences(of: "\n", with: " ") }
        .filter { $0.split(separator: " ").count > 7 }
      #expect(names.count > 15)
      for name in names { #expect(code.contains("func `\(name)`("), "\(name)") }
      for path in page.matches(of: /`(Tests\/[A-Za-z\/.]+)`/) {
        #expect(FileManager.default.fileExists(atPath: root.appendingPathComponent(String(path.1)).path), "\(path.1)")
      }
    }
  }
}
