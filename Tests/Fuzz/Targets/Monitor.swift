import JSON

@testable import launcher_vmm

/// As QMPClient's, but smaller, so that their refusals are met.
private let limits = JSONLimits(bytes: 4096, depth: 16, nodes: 500)

/// The first byte is the size of the pieces.
func readMonitor(_ bytes: [UInt8]) {
  guard let (choice, stream) = split(bytes) else { return }
  let whole = read(stream, inPiecesOf: limits.bytes)
  let cut = read(stream, inPiecesOf: max(1, choice))
  require(whole == cut, "pieces of \(choice) bytes: \(cut) instead of \(whole)")
  follow(whole.values)
}

/// Follows what is said while the machine was asked to let go of one disk: its end is noticed, and nothing else happens.
private func follow(_ values: [JSONValue]) {
  let disk = "volume-0"
  var leaving = LeavingDevices()
  leaving.ask(disk)
  for value in values {
    switch QMPMessage(value) {
    case .event(let name, let data):
      let isItsEnd = name == "DEVICE_DELETED" && value["data"]?["device"] == .string(disk)
      let before = leaving
      require(leaving.notice(name, data) == (isItsEnd ? disk : nil), "\(value) is understood as another device's end")
      require(leaving.asked == before.asked, "\(value) changes what was asked for")
      require(leaving.gone == (isItsEnd ? [disk] : before.gone), "\(value) changes what is gone")
    case .answer(_, .success(let devices)):
      // As if qom-list had been asked.
      let slots = Machine.pluggedSlots(devices)
      let named = devices.array?.compactMap { $0["name"]?.string } ?? []
      require(slots.allSatisfy { (0..<8).contains($0) && named.contains("volume-\($0)") }, "\(value) has \(slots)")
    case .answer(_, .failure(let failure)):
      require(failure.isRefusal, "\(value) is understood as \(failure)")
    case .greeting, nil: break
    }
  }
}

private struct Outcome: Equatable {
  var values: [JSONValue] = []
  var hasFailed = false
}

private func read(_ bytes: [UInt8], inPiecesOf size: Int) -> Outcome {
  var stream = JSONStream(limits: limits)
  var outcome = Outcome()
  do {
    for piece in bytes.pieces(of: size) {
      try stream.feed(piece)
      while let value = try stream.next() {
        outcome.values.append(value)
        checkJSON(value)
      }
    }
  } catch {
    outcome.hasFailed = true
  }
  return outcome
}

/// What was read is written as text that means the same.
private func checkJSON(_ value: JSONValue) {
  let text = value.serialized()
  guard let again = try? JSONValue(parsing: text, limits: JSONLimits(bytes: 1 << 20, depth: 64, nodes: 10_000)) else {
    fatalError("\(value) is written as something that is no JSON")
  }
  require(again.serialized() == text, "\(value) changes when it is read again")
}
