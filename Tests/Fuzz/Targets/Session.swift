import Gob

@testable import SSNTP

/// Small, so that their refusals are met.
private let limits = {
  var limits = GobLimits()
  limits.messageBytes = 64 << 10
  return limits
}()

/// The first byte: bit 0 chooses the end of the session, the others the size of the pieces.
func readSession(_ bytes: [UInt8]) {
  guard let (choice, stream) = split(bytes) else { return }
  let end = choice & 1 == 0 ? SessionEnd.client : .server
  let whole = read(stream, at: end, inPiecesOf: 0)
  let cut = read(stream, at: end, inPiecesOf: choice >> 1)
  require(whole == cut, "pieces of \(choice >> 1) bytes: \(cut) instead of \(whole)")
}

private struct Outcome: Equatable {
  var values: [Incoming] = []
  var failure: SSNTPError?
}

private func read(_ stream: [UInt8], at end: SessionEnd, inPiecesOf size: Int) -> Outcome {
  var reader = FrameReader(at: end, limits: limits)
  var outcome = Outcome()
  do throws(SSNTPError) {
    for piece in stream.pieces(of: size) {
      reader.feed(Array(piece))
      while let value = try reader.next() {
        if case .frame(let frame) = value { check(frame) }
        outcome.values.append(value)
      }
    }
  } catch {
    outcome.failure = error
  }
  return outcome
}

/// A frame that was read can be sent on, and is read as the same.
private func check(_ frame: Frame) {
  var writer = FrameWriter()
  var reader = FrameReader(at: .server, begun: true)
  reader.feed(writer.encode(frame: frame))
  let again = try? reader.next()
  require(again == .frame(frame), "\(frame) comes back as \(String(describing: again))")
}
