import Foundation
import Instances
import Testing

extension Integration {
  /// docs/ERRORS.md against the code that sends the errors and the tests that produce them.
  @Suite struct ErrorTableTests {
    private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    /// The page's rows by its sections, each row as its cells.
    private static func sections() throws -> [String: [[String]]] {
      let page = tests.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("docs/ERRORS.md")
      var sections: [String: [[String]]] = [:]
      var section = ""
      for line in try String(contentsOf: page, encoding: .utf8).split(separator: "\n") {
        if line.hasPrefix("## ") { section = String(line.dropFirst(3)) }
        guard line.hasPrefix("| ") else { continue }
        let cells = line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false)
        sections[section, default: []].append(cells.map { $0.trimmingCharacters(in: .whitespaces) })
      }
      return sections
    }

    @Test(arguments: InstanceCommand.allCases)
    func `each reason of a command has a row`(command: InstanceCommand) throws {
      let name = command.isOfVolume ? command.name : command.name.capitalized
      let rows = try Self.sections()["\(name)Failure"] ?? []
      let named = Set(rows.map { $0[0].trimmingCharacters(in: CharacterSet(charactersIn: "`")) })
      #expect(named.subtracting(["reason", "---"]) == Set(command.failureReasons.map(\.name)))
    }

    @Test func `each row says what to do and names a test that there is, unless the reason is not sent`() throws {
      let sources = FileManager.default.enumerator(atPath: Self.tests.path)?.allObjects as? [String] ?? []
      let code = try sources.filter { $0.hasSuffix(".swift") }.map {
        try String(contentsOf: Self.tests.appendingPathComponent($0), encoding: .utf8)
      }.joined()
      let rows = try Self.sections().values.joined().filter { !$0[0].hasPrefix("reason") && !$0[0].hasPrefix("ERROR") }
      for row in rows where row[0] != "---" && !row[1].hasPrefix("not sent") {
        #expect(row.allSatisfy { !$0.isEmpty }, "\(row)")
        // A long name stands on a line of its own behind `func`.
        #expect(code.contains("\(row.last ?? "")("), "\(row)")
      }
    }
  }
}
