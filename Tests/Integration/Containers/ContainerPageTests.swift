import Foundation
import Testing

extension Integration {
  /// docs/CONTAINERS.md against the tests that it names.
  @Suite struct ContainerPageTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()

    static func page() throws -> String {
      try String(contentsOf: root.appendingPathComponent("docs/CONTAINERS.md"), encoding: .utf8)
    }

    @Test func `each test that the page names is there`() throws {
      let root = Self.root
      let tests = root.appendingPathComponent("Tests")
      let page = try Self.page()
      let sources = FileManager.default.enumerator(atPath: tests.path)?.allObjects as? [String] ?? []
      let code = try sources.filter { $0.hasSuffix(".swift") }.map {
        try String(contentsOf: tests.appendingPathComponent($0), encoding: .utf8)
      }.joined()
      let names = page.matches(of: /`([a-z][^`]*)`/).map { String($0.1).replacingOccurrences(of: "\n", with: " ") }
        .filter { $0.split(separator: " ").count > 3 && !$0.hasPrefix("podman ") }
      #expect(names.count > 15)
      for name in names { #expect(code.contains("func `\(name)`("), "\(name)") }
      for name in page.matches(of: /`([a-z][A-Za-z]{20,})`/) { #expect(code.contains("func \(name.1)("), "\(name.1)") }
      for path in page.matches(of: /`(Tests\/[A-Za-z\/.]+)`/) {
        #expect(FileManager.default.fileExists(atPath: root.appendingPathComponent(String(path.1)).path), "\(path.1)")
      }
    }
  }
}
