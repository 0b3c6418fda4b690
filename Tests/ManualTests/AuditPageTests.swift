import Foundation
import Rights
import Testing

@testable import launcher_audit

/// docs/AUDIT.md against the program; its -json against a report: `Tests/Integration/AuditTests.swift`.
private func page() throws -> String {
  let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  return try String(contentsOf: root.appending(path: "docs/AUDIT.md"), encoding: .utf8)
}

@Test func theAuditPageNamesEveryProcess() throws {
  let page = try page()
  for rights in ProcessRights.all { #expect(page.contains("`\(rights.name)`"), "\(rights.name)") }
  for name in ["launcher-net", "resolver", "spawner", "observer", "qemu-img"] {
    #expect(Explanation(name)?.description.isEmpty == false)
  }
  // Those that the page says the audit does not look at.
  #expect(ProcessRights.all.filter { $0.observed == nil }.map(\.name) == ["qemu-img", "xorriso"])
}

@Test func theAuditPageNamesEveryOption() throws {
  let page = try page()
  let named = Set(page.matches(of: /\[?-([a-z-]+)( [A-Z,.]+)?\]/).map { String($0.1) })
  #expect(named.union(["explain"]) == Set(Options.flags.shown.map(\.name)))
  for name in Options.flags.shown.map(\.name) { #expect(page.contains("-\(name)"), "\(name)") }
}

/// What the table of -expect offers is taken, and nothing else.
@Test func theAuditPageNamesWhatAnExpectationMaySay() throws {
  let table = try #require(try page().split(separator: "## -expect FILE").last?.split(separator: "## -json").first)
  let rows = table.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { row in
    row.dropFirst().prefix { $0 != "|" }.matches(of: /`([a-z_]+)`/).map { String($0.1) }
  }
  let values = [
    "user": "\"net\"", "listens": "true", "writable_code": "false", "limits": "{\"RLIMIT_NOFILE\": 4096}",
  ]
  func isTaken(_ member: String) -> Bool {
    let text = "{\"processes\": {\"launcher-net\": {\"\(member)\": \(values[member] ?? "[\"name\", 7]")}}}"
    return (try? Expectations(parsing: Array(text.utf8))) != nil
  }
  let members = rows.flatMap { $0 }
  #expect(members.count == 9)
  for member in members { #expect(isTaken(member), "\(member)") }
  #expect(!isTaken("securebits"))
}
