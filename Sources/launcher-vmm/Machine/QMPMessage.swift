import JSON

/// What QEMU's monitor says, as far as launcher reads it.
enum QMPMessage {
  case greeting
  case event(String, JSONValue?)
  case answer(id: Int64, Result<JSONValue, QMPClient.Failure>)

  /// nil: nothing that anything depends on.
  init?(_ message: JSONValue) {
    if message["QMP"] != nil {
      self = .greeting
    } else if let event = message["event"]?.string {
      self = .event(event, message["data"])
    } else if let id = message["id"]?.int {
      self = .answer(id: id, Self.result(message))
    } else {
      return nil
    }
  }

  private static func result(_ message: JSONValue) -> Result<JSONValue, QMPClient.Failure> {
    if let value = message["return"] { return .success(value) }
    let error = message["error"]
    return .failure(
      .refused(error?["desc"]?.string ?? "error without description", kind: error?["class"]?.string ?? ""))
  }
}

/// The devices that a machine was asked to let go of. Whatever it says, no others are known here.
struct LeavingDevices: Equatable {
  private(set) var asked: Set<String> = []
  /// Those of them that are gone.
  private(set) var gone: Set<String> = []

  mutating func ask(_ device: String) { asked.insert(device) }

  mutating func forget(_ device: String) {
    asked.remove(device)
    gone.remove(device)
  }

  /// Takes note of an event; gives the device that is gone by it, if it was asked to go.
  mutating func notice(_ event: String, _ data: JSONValue?) -> String? {
    guard event == "DEVICE_DELETED", let device = data?["device"]?.string, asked.contains(device) else { return nil }
    gone.insert(device)
    return device
  }
}
