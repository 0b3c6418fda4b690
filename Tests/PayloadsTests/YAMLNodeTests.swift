import Payloads
import Testing

@Suite("A small document is read into a tree")
struct YAMLNodeTests {
  private func parse(_ text: String, _ limits: YAMLLimits = YAMLLimits()) throws(YAMLError) -> YAMLNode {
    try YAMLNode(parsing: Array(text.utf8), limits: limits)
  }

  private func error(_ text: String, _ limits: YAMLLimits = YAMLLimits()) -> YAMLError? {
    do throws(YAMLError) {
      _ = try parse(text, limits)
      return nil
    } catch { return error }
  }

  @Test("by key and index")
  func access() throws {
    let node = try parse("a: [1, '2', {b: ~}]\nc: -7\n")
    #expect(node["a"]?[0]?.integer == 1)
    #expect(node["a"]?[1]?.integer == nil)
    #expect(node["a"]?[1]?.text == "2")
    #expect(node["a"]?[2]?["b"]?.isNull == true)
    #expect(node["a"]?[3] == nil)
    #expect(node["a"]?[-1] == nil)
    #expect(node["a"]?["b"] == nil)
    #expect(node["d"] == nil)
    #expect(node["c"]?.integer == -7)
    #expect(node.entries.map(\.key) == ["a", "c"])
    #expect(try parse("").isNull)
  }

  @Test(
    "only decimal numbers are integers",
    arguments: ["+1", "01", "-", "0x1", "1.0", "1e1", "1_0", "1:20", "99999999999999999999", "١", "''", "'1'"])
  func noInteger(_ text: String) throws {
    #expect(try parse(text).integer == nil)
  }

  @Test(
    "anchors, aliases, complex and repeated keys, and second documents are refused",
    arguments: [
      "&a 1", "*a", "[&a 1, *a]", "{&a b: 1}", "{*a : 1}", "? [a]\n: 1", "{a: 1, a: 1}", "a: 1\n---\n", "a: 1\n--- b",
    ])
  func refused(_ text: String) {
    if case .refused = error(text) { return }
    Issue.record("not refused: \(text)")
  }

  @Test("each limit holds")
  func limits() throws {
    func limits(_ change: (inout YAMLLimits) -> Void) -> YAMLLimits {
      var limits = YAMLLimits()
      change(&limits)
      return limits
    }
    let document = "a: [[b, c], [d]]\n"
    #expect(error(document, limits { $0.bytes = 17 }) == nil)
    #expect(error(document, limits { $0.bytes = 16 }) != nil)
    #expect(error(document, limits { $0.depth = 3 }) == nil)
    #expect(error(document, limits { $0.depth = 2 }) != nil)
    #expect(error(document, limits { $0.nodes = 8 }) == nil)
    #expect(error(document, limits { $0.nodes = 7 }) != nil)
    #expect(error(document, limits { $0.events = 16 }) == nil)
    #expect(error(document, limits { $0.events = 15 }) != nil)
    #expect(error("abcd", limits { $0.scalarBytes = 4 }) == nil)
    #expect(error("abcd", limits { $0.scalarBytes = 3 }) != nil)
  }

  @Test("an error says in which line")
  func line() {
    #expect(error("a: 1\nb: 2\nc: d: e\n")?.description.contains("line 3") == true)
  }
}
