import Instances
import Payloads
import Testing

@Suite("No payload crashes or stalls the reader")
struct HostilePayloadTests {
  private static let mebibyte = 1 << 20

  private static func repeated(_ text: String, to length: Int) -> String {
    String(repeating: text, count: length / text.utf8.count)
  }

  @Test("a payload above 16 MiB is invalid data, one of 16 MiB is read")
  func size() throws {
    let scalar = "a: " + Self.repeated("x", to: 16 * Self.mebibyte - section.utf8.count - 4) + "\n"
    let payload = section + scalar
    #expect(payload.utf8.count == 16 * Self.mebibyte)
    #expect(try start(payload).userData == Array(scalar.utf8))
    #expect(refusal(payload + "\n")?.reason == .invalidData)
  }

  @Test(
    "deep nesting is invalid data",
    arguments: ["[", "{a: ", "- ", "? ", "[{a: ", "a: ["])
  func depth(_ piece: String) {
    let refused = refusal("\(section)---\n" + Self.repeated(piece, to: 4 * Self.mebibyte))
    #expect(refused?.reason == .invalidData || refused?.reason == .invalidPayload)
    #expect(
      refusal("\(section)---\n" + String(repeating: "[", count: 80) + String(repeating: "]", count: 80))?.instance
        == instance)
  }

  @Test("too many parts are invalid data", arguments: ["- a\n", "- - a\n", "? a\n", "--- a\n", "a\n...\n"])
  func parts(_ piece: String) {
    let refused = refusal("\(section)---\n" + Self.repeated(piece, to: 15 * Self.mebibyte))
    #expect(refused?.reason == .invalidData)
    #expect(refused?.instance == instance)
  }

  @Test("an alias bomb in the section is invalid data, outside it is text like any other")
  func aliases() throws {
    let bomb =
      "a0: &a0 [x]\n" + (1..<60).map { "a\($0): &a\($0) [\(Self.repeated("*a\($0 - 1),", to: 100))]\n" }.joined()
    #expect(try userData(bomb + section) == bomb)
    let inside = refusal(section + bomb.split(separator: "\n").map { "  \($0)\n" }.joined())
    #expect(inside?.reason == .invalidData)
    #expect(inside?.instance == instance)
  }

  @Test("a long or crowded section is invalid data")
  func longSection() {
    let crowded = (0..<1000).map { "  k\($0): 1\n" }.joined()
    for more in [
      "  x: \(Self.repeated("x", to: Self.mebibyte))\n", crowded, "  networking: [\(Self.repeated("a,", to: 5000))]\n",
      "  networking: {subnet_key: \(Self.repeated("k", to: 5000))}\n",
      "  requested_resources: [\(Self.repeated("{type: x},", to: 20000))]\n",
    ] {
      let refused = refusal(section + more)
      #expect(refused?.reason == .invalidData)
      #expect(refused?.instance == instance)
    }
  }

  @Test("large fields in a document without start are the guest's")
  func largeFieldsOfTheGuest() throws {
    let own = "#cloud-config\nnetworking: &a [\(Self.repeated("a,", to: 50000))]\nfw_type: *a\nfw_type: x\n"
    #expect(try userData("\(section)---\n\(own)") == own)
  }

  @Test("what libyaml would take quadratic time for is invalid data")
  func quadratic() {
    let blanks = "a: b" + Self.repeated(" ", to: 4 * Self.mebibyte) + Self.repeated("a ", to: 11 * Self.mebibyte)
    #expect(refusal(blanks)?.reason == .invalidData)
    let directives = (0..<100_000).map { "%TAG !a\($0)! x\n" }.joined() + "---\na: b\n"
    #expect(refusal(directives)?.reason == .invalidData)
    let prefix =
      "%TAG !a! \(Self.repeated("x", to: Self.mebibyte))\n---\n" + Self.repeated("- !a!x\n", to: Self.mebibyte)
    #expect(refusal(prefix)?.reason == .invalidData)
  }

  @Test("blanks are no fault of an honest text")
  func blanks() throws {
    let text = "a: |\n" + Self.repeated("    if true; then\n        x\n    fi\n\n\n", to: 8 * Self.mebibyte)
    let long = "b: '\(Self.repeated(" ", to: 1000))'\n"
    #expect(try start(section + text + long).userData == Array((text + long).utf8))
  }

  @Test(
    "what is no YAML is an invalid payload without instance",
    arguments: [
      "\u{0}", "a: \u{0}", "a: \u{1}", "a: [", "a: {b: [c}", "a: \"b", "a: 'b", "a: b: c", "\ta: 1", "a: @b",
      "%FOO\n---\n", "a: !<x",
      "&", "*", "a: |x\n", "a\nb: 1", "--- a: b", "%YAML 9.9\n%YAML 9.9\n---\n", "a: \"\\x\"", "- a\nb: 1",
      "a: 1\n---\n- ]", "a: 1\n...\nb: [",
    ])
  func noYAML(_ text: String) {
    for payload in [text, "\(section)---\n\(text)"] where !(payload != text && text.hasPrefix("%")) {
      #expect(refusal(payload)?.reason == .invalidPayload, "\(payload)")
      #expect(refusal(payload)?.instance == nil)
    }
  }

  @Test(
    "what is no UTF-8 is an invalid payload",
    arguments: [
      [0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80], [0xe2, 0x82],
      [0xf8, 0x88, 0x80, 0x80, 0x80],
    ] as [[UInt8]])
  func noUTF8(_ bytes: [UInt8]) {
    #expect(refusal(bytes)?.reason == .invalidPayload)
    #expect(refusal(Array("\(section)a: ".utf8) + bytes + Array("\n".utf8))?.reason == .invalidPayload)
  }

  @Test("UTF-16 and UTF-32 are invalid payloads")
  func otherEncodings() {
    let units: [UInt8] = section.utf16.map { UInt8(truncatingIfNeeded: $0) }
    let little = units.flatMap { [$0, 0] as [UInt8] }
    let big = units.flatMap { [0, $0] as [UInt8] }
    for payload in [[0xff, 0xfe] + little, [0xfe, 0xff] + big, little, big, [0xff, 0xfe, 0, 0], [0, 0, 0xfe, 0xff]] {
      #expect(refusal(payload)?.reason == .invalidPayload)
    }
  }

  @Test("any mutation of a good payload is taken or refused for one of the two reasons")
  func mutations() throws {
    let seeds =
      try (1...3).map { try fixture("documented-start-\($0).yaml") } + UserDataTests.cuts.map { Array($0.0.utf8) }
    let tokens = [
      "---\n", "...\n", "\n", "\r", "\r\n", "  ", "\t", "#", "? ", ": ", "- ", "&a ", "*a ", "{", "}", "[", "]", ",",
      "|\n", ">-\n", "'", "\"", "\\", "%TAG", "!", "start:", "\u{feff}", "\u{2028}", "\u{85}", "é", "🚀", "\u{0}",
    ]
    .map { Array($0.utf8) }
    var numbers = FixedNumbers(state: 7)
    for seed in seeds {
      for _ in 0..<200 {
        var payload = seed
        for _ in 0..<Int.random(in: 1...4, using: &numbers) {
          let place = Int.random(in: 0...payload.count, using: &numbers)
          let end = min(payload.count, place + Int.random(in: 0...8, using: &numbers))
          switch Int.random(in: 0...3, using: &numbers) {
          case 0: payload.removeSubrange(place..<end)
          case 1:
            payload.insert(contentsOf: payload[place..<end], at: Int.random(in: 0...payload.count, using: &numbers))
          case 2: payload.insert(contentsOf: tokens[Int.random(in: 0..<tokens.count, using: &numbers)], at: place)
          default: if place < payload.count { payload[place] = UInt8.random(in: 0...255, using: &numbers) }
          }
        }
        check(payload)
      }
    }
  }

  /// A payload of one document that is taken gives user data with the other keys and their values; everything else
  /// is refused for one of the two reasons.
  private func check(_ payload: [UInt8]) {
    do throws(PayloadError) {
      let parsed = try parseStart(payload)
      guard let whole = try? YAMLNode(parsing: payload), !parsed.userData.isEmpty else { return }
      let inside = Set((whole["start"]?.entries ?? []).filter { !$0.value.isNull && $0.value.text != "" }.map(\.key))
      let fields: Set = [
        "tenant_uuid", "instance_uuid", "image_uuid", "docker_image", "fw_type", "persistence", "vm_type",
        "requested_resources", "networking",
      ]
      let expected = whole.entries.filter { entry in
        return entry.key != "start" && (!fields.contains(entry.key) || inside.contains(entry.key))
      }
      let left = try? YAMLNode(parsing: parsed.userData)
      #expect(left?.entries == expected, "\(String(decoding: payload, as: UTF8.self).debugDescription)")
    } catch {
      #expect(error.reason == .invalidPayload || error.reason == .invalidData)
    }
    for command in [InstanceCommand.stop, .restart, .delete] { _ = try? parseTarget(payload, of: command) }
  }
}
