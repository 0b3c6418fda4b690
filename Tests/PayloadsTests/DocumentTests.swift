import Instances
import Payloads
import Testing

@Suite("A START payload is one to three documents in any order")
struct DocumentTests {
  private static let cloudConfig = "#cloud-config\nruncmd:\n- [ls]\n# end\n"
  private static let json = "{\n\t\"uuid\": \"x\", \"n\":[1,{\"a\":null}], \"path\": \"a\\/b\"\n}\n"

  private static let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
  /// What stands before the first document, between two, and behind the last.
  private static let joints = [
    ("", "---\n", ""), ("---\n", "---\n", ""), ("", "...\n", ""), ("", "...\n", "...\n"),
    ("--- # x\n", "...\n---\n", "...\n"),
    ("%YAML 1.1\n---\n", "...\n%YAML 1.1\n%TAG !e! tag:x,1:\n---\n", "... # y\n"), ("---\n", "--- # x\n", "---\n"),
    ("...\n", "...\n# between\n...\n", "...\n...\n"),
  ]

  @Test("start section, cloud-config and JSON meta-data, however they are separated", arguments: orders)
  func anyOrder(_ order: [Int]) throws {
    let documents = [section, Self.cloudConfig, Self.json]
    for (before, between, after) in Self.joints {
      let payload = before + order.map { documents[$0] }.joined(separator: between) + after
      let parsed = try start(payload)
      #expect(parsed.spec.instance == instance, "\(payload)")
      #expect(text(parsed.userData) == Self.cloudConfig, "\(payload)")
      #expect(text(parsed.metaData) == Self.json, "\(payload)")
    }
  }

  @Test("start inside the cloud-config, and meta-data")
  func startInside() throws {
    let parsed = try start("#cloud-config\na: 1\n\(section)---\n\(Self.json)")
    #expect(text(parsed.userData) == "#cloud-config\na: 1\n")
    #expect(text(parsed.metaData) == Self.json)
  }

  @Test("comments before JSON meta-data are not part of it")
  func commentsBeforeJSON() throws {
    let parsed = try start("\(section)--- # meta\n# data\n  {\"a\": 1}  \n\n# end\n---\n\(Self.cloudConfig)")
    #expect(text(parsed.metaData) == "{\"a\": 1}  \n\n")
  }

  @Test("JSON under a cloud-config header is user data")
  func jsonUserData() throws {
    let parsed = try start("\(section)---\n#cloud-config\n{\"runcmd\": []}\n---\n{\"a\": 1}")
    #expect(text(parsed.userData) == "#cloud-config\n{\"runcmd\": []}\n")
    #expect(text(parsed.metaData) == "{\"a\": 1}")
  }

  @Test("user data need not be a mapping")
  func otherUserData() throws {
    #expect(try userData("\(section)---\n#cloud-config-archive\n- {a: 1}\n") == "#cloud-config-archive\n- {a: 1}\n")
    #expect(try userData("\(section)---\n#!/bin/sh\necho hello\n") == "#!/bin/sh\necho hello\n")
    #expect(try userData("--- |\n  text\n---\n\(section)") == "|\n  text\n")
    #expect(try userData("#cloud-config\n---\n---\n\(section)") == "#cloud-config\n")
  }

  @Test(
    "payloads of the wrong documents are invalid data",
    arguments: [
      "a: 1\n---\nb: 2\n---\n{}\n---\n\(section)", "\(section)---\na: 1\n---\nb: 2\n",
      "\(section)---\n{}\n---\n{a: 1}\n",
      "\(section)a: 1\n---\nb: 1\n", "\(section)---\n\(section)", "\(section)\(section)", "\(section)---\nstart:\n",
    ])
  func wrongDocuments(_ payload: String) {
    #expect(refusal(payload)?.reason == .invalidData)
    #expect(refusal(payload)?.instance == instance)
  }

  @Test(
    "a payload without a start section is invalid data",
    arguments: [
      "", "\n", "# comment\n", "---\n", "a: 1\n", "hello", "[start]", "a: {start: {}}", "null", "--- \u{feff}",
    ])
  func noSection(_ payload: String) {
    #expect(refusal(payload)?.reason == .invalidData)
    #expect(refusal(payload)?.instance == nil)
  }

  @Test("a section that is no mapping is invalid data", arguments: ["start: 1", "start: []", "start: 'null'"])
  func sectionIsNoMapping(_ payload: String) {
    #expect(refusal(payload + "\ninstance_uuid: 12\n")?.reason == .invalidData)
    #expect(refusal(payload + "\ninstance_uuid: 12\n")?.instance == Identifier("12"))
  }
}
