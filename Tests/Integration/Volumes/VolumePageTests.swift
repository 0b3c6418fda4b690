import Foundation
import Testing

extension Integration {
  /// docs/VOLUMES.md against the tests that it names.
  @Suite struct VolumePageTests {
    @Test func `each test that the page names is there`() throws {
      let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
      let page = try String(
        contentsOf: tests.deletingLastPathComponent().appending(path: "docs/VOLUMES.md"), encoding: .utf8)
      let files = FileManager.default.enumerator(atPath: tests.path)?.allObjects as? [String] ?? []
      let code = try files.filter { $0.hasSuffix(".swift") }.map {
        try String(contentsOf: tests.appending(path: $0), encoding: .utf8)
      }.joined()
      // What has more than a few words is no key and no file.
      let names = page.components(separatedBy: "`").enumerated().filter { $0.offset % 2 == 1 }
        .map { $0.element.replacingOccurrences(of: "\n", with: " ") }.filter { $0.split(separator: " ").count > 4 }
      #expect(names.count >= 11)
      for name in names { #expect(code.contains("func `\(name)`("), "\(name)") }
      let others = page.matches(of: /`(a[n]?[A-Z]\w+|what[A-Z]\w+)`/).map { String($0.1) }
      #expect(others.count >= 3)
      for name in others { #expect(code.contains("func \(name)("), "\(name)") }
    }
  }
}
