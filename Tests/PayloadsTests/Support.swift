import Foundation
import Instances
import Payloads

/// The bytes of a file in Fixtures.
func fixture(_ name: String) throws -> [UInt8] {
  let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
  return [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
}

func text(_ bytes: [UInt8]?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

/// The least a start section needs.
let section = """
  start:
    instance_uuid: 67d86208-b46c-4465-9018-fe14087d415f
    tenant_uuid: 67d86208-000-4465-9018-fe14087d415f
    image_uuid: b286cd45

  """
let flowSection = "start: {instance_uuid: 67d86208-b46c-4465-9018-fe14087d415f, tenant_uuid: 0a, image_uuid: b286cd45}"
let instance = Identifier("67d86208-b46c-4465-9018-fe14087d415f")

func start(_ payload: String) throws(PayloadError) -> StartPayload { try parseStart(Array(payload.utf8)) }

/// The user data that reaches the guest.
func userData(_ payload: String) throws -> String? { text(try start(payload).userData) }

/// The error that a payload is refused with; nil when it is taken.
func refusal(_ payload: [UInt8]) -> PayloadError? {
  do throws(PayloadError) {
    _ = try parseStart(payload)
    return nil
  } catch { return error }
}

func refusal(_ payload: String) -> PayloadError? { refusal(Array(payload.utf8)) }

/// A start section with one more line.
func section(with line: String) -> String { section + "  " + line + "\n" }

/// Numbers that are the same in every run.
struct FixedNumbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
