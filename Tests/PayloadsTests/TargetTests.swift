import Instances
import Payloads
import Testing

@Suite("STOP, RESTART and DELETE name an instance")
struct TargetTests {
  private func refused(_ payload: String) -> PayloadError? {
    do throws(PayloadError) {
      _ = try parseTarget(Array(payload.utf8), of: .stop)
      return nil
    } catch { return error }
  }

  @Test(
    "unknown keys are ignored",
    arguments: [
      "stop: {instance_uuid: 12e4, other: [x]}\nmore: 1\n", "{\"stop\":{\"instance_uuid\":\"12e4\"}}",
      "---\nstop:\n  instance_uuid: 12e4\n...\n",
      "instance_uuid: 1\nstop:\n  instance_uuid: 12e4",
    ])
  func taken(_ payload: String) throws {
    #expect(try parseTarget(Array(payload.utf8), of: .stop).text == "12e4")
  }

  @Test(
    "a payload without a usable UUID is invalid data",
    arguments: [
      "", "stop:\n", "stop: {}", "stop: 12", "stop: {instance_uuid: ''}", "stop: {instance_uuid: x/y}",
      "restart: {instance_uuid: 12}",
      "stop: {instance_uuid: [12]}", "stop: &a {instance_uuid: *a}",
    ])
  func noTarget(_ payload: String) {
    #expect(refused(payload)?.reason == .invalidData)
    #expect(refused(payload)?.instance == nil)
  }

  @Test(
    "a bad payload with a usable UUID names it",
    arguments: [
      "stop: {instance_uuid: 12, instance_uuid: 13}", "stop: {instance_uuid: 12, x: 1, x: 1}",
      "stop: &a {instance_uuid: 12}",
      "stop: {instance_uuid: 12}\nstop: {}", "a: 1\n---\nb: 1\n---\nc: 1\n---\nstop: {instance_uuid: 12}\n",
      "stop: {}\ninstance_uuid: 12\n",
    ])
  func badButNamed(_ payload: String) {
    #expect(refused(payload)?.reason == .invalidData)
    #expect(refused(payload)?.instance == Identifier("12"))
  }

  @Test(
    "what is no YAML is an invalid payload",
    arguments: ["stop: {", "stop: [}", "\tstop: 1", "a: b: c", "stop: {instance_uuid: 12}\n]"])
  func noYAML(_ payload: String) {
    #expect(refused(payload)?.reason == .invalidPayload)
    #expect(refused(payload)?.instance == nil)
  }
}
