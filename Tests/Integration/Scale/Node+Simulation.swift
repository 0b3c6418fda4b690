import Foundation

extension Node.Options {
  /// A node whose instances are made up, with room for many.
  static func simulation(_ arguments: [String: String] = [:]) -> Node.Options {
    Node.Options(["simulation": "true", "max-vm": "100000", "v": "0", "stop-grace": "1s"].merging(arguments) { $1 })
  }
}

extension Node {
  /// An instance that runs until it is stopped: its last digit says so.
  static func simulatedInstance(_ number: Int) -> String { String(format: "51a00000-0000-4000-8000-%011d0", number) }

  func isSimulatedRunning(_ instance: String) -> Bool { exists("\(instances)/\(instance)/running") }

  /// Its state says what runs: the last thing that a START writes.
  func isRecorded(_ instance: String) -> Bool {
    (try? String(contentsOfFile: "\(instances)/\(instance)/state", encoding: .utf8))?.contains("\"run\":") ?? false
  }

  /// Starts many instances, and returns when all run.
  func startSimulated(_ numbers: Range<Int>) async throws {
    for number in numbers {
      var payload = StartPayload()
      payload.instance = Self.simulatedInstance(number)
      try send("START", payload.text)
    }
    guard !numbers.isEmpty else { return }
    try await wait("\(numbers.count) instances to run", within: 600) {
      isSimulatedRunning(Self.simulatedInstance(numbers.upperBound - 1))
        && numbers.allSatisfy {
          isSimulatedRunning(Self.simulatedInstance($0))
        }
    }
    var unrecorded = Array(numbers)
    try await wait("\(numbers.count) states to say that they run", within: 600) {
      unrecorded.removeAll { isRecorded(Self.simulatedInstance($0)) }
      return unrecorded.isEmpty
    }
    try await settle()
  }
}
