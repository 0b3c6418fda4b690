import Glibc
import Linux
import Testing

@testable import Loop

/// A loop that ends by itself when a test's event does not come.
private func makeLoop() throws -> EventLoop {
  let loop = try EventLoop()
  loop.schedule(at: .after(seconds: 20)) {
    Issue.record("what the test waits for did not happen")
    loop.stop()
  }
  return loop
}

private func takeByte(_ descriptor: Descriptor) -> Descriptor.ReadOutcome? {
  var byte: UInt8 = 0
  return try? withUnsafeMutableBytes(of: &byte) { try descriptor.read(into: $0) }
}

@Test func aReaderIsCalledForWhatArrivesAndForTheEnd() throws {
  let loop = try makeLoop()
  let (reader, writer) = try Descriptor.pipe()
  var seen: [Descriptor.ReadOutcome?] = []
  loop.onReadable(reader.raw) {
    seen.append(takeByte(reader))
    if seen.count == 1 { writer.close() } else { loop.stop() }
  }
  try Files.write([1], to: writer, named: "pipe")
  loop.run()
  #expect(seen == [.bytes(1), .end])
  loop.forget(reader.raw)
}

@Test func aWriterIsCalledWhenThereIsRoomAgain() throws {
  let loop = try makeLoop()
  let (reader, writer) = try Descriptor.pipe()
  try writer.setNonBlocking()
  let block = [UInt8](repeating: 0, count: 65536)
  while write(writer.raw, block, block.count) > 0 {}
  var order: [String] = []
  loop.onWritable(writer.raw) {
    order.append("writable")
    loop.stop()
  }
  loop.schedule(at: .now) {
    order.append("emptied")
    var piece = block
    _ = read(reader.raw, &piece, piece.count)
  }
  loop.run()
  #expect(order == ["emptied", "writable"])
  loop.forget(writer.raw)
}

@Test func readingAndWritingOfOneDescriptorAreIndependent() throws {
  let loop = try makeLoop()
  let (first, second) = try UnixSocket.pair()
  var events: [String] = []
  loop.onWritable(first.raw) {
    events.append("w")
    loop.onWritable(first.raw, nil)
    _ = write(second.raw, [1], 1)
  }
  loop.onReadable(first.raw) {
    events.append("r")
    loop.stop()
  }
  loop.run()
  #expect(events == ["w", "r"])
  loop.forget(first.raw)
}

@Test func aHandlerMayReplaceOrRemoveItself() throws {
  let loop = try makeLoop()
  let (reader, writer) = try Descriptor.pipe()
  var calls: [Int] = []
  loop.onReadable(reader.raw) {
    calls.append(1)
    loop.onReadable(reader.raw) {
      calls.append(2)
      loop.onReadable(reader.raw, nil)
      loop.schedule(at: .now) { loop.stop() }
    }
  }
  try Files.write([1], to: writer, named: "pipe")
  loop.run()
  #expect(calls == [1, 2])
}

@Test func timersFireInOrderOfTheirTimesAndOfTheirMaking() throws {
  let loop = try makeLoop()
  let now = Moment.now.nanoseconds
  var order: [Int] = []
  for (number, offset) in [(4, 3_000_000), (1, 1_000_000), (5, 3_000_000), (2, 2_000_000), (3, 2_000_000), (0, -5)] {
    loop.schedule(at: Moment(nanoseconds: now + Int64(offset))) {
      order.append(number)
      if order.count == 6 { loop.stop() }
    }
  }
  loop.run()
  #expect(order == [0, 1, 2, 3, 4, 5])
}

@Test func aTimerIsNeverEarly() throws {
  let loop = try makeLoop()
  let due = Moment.after(seconds: 0.0123)
  var fired: Moment?
  loop.schedule(at: due) {
    fired = .now
    loop.stop()
  }
  loop.run()
  #expect(try #require(fired) >= due)
}

@Test func aCancelledTimerDoesNotFireAndCancellingTwiceIsInOrder() throws {
  let loop = try makeLoop()
  var fired: [String] = []
  let now = Moment.now
  let timers = (0..<10).map { number in loop.schedule(at: now) { fired.append("\(number)") } }
  for number in [0, 3, 9, 3] { loop.cancel(timers[number]) }
  loop.schedule(at: now) { loop.stop() }
  loop.run()
  #expect(fired == ["1", "2", "4", "5", "6", "7", "8"])
  loop.cancel(timers[1])
}

@Test func aTimerMayCancelAnotherThatIsDueAsWell() throws {
  let loop = try makeLoop()
  var other: EventLoop.Timer?
  let now = Moment.now
  loop.schedule(at: now) { other.map(loop.cancel) }
  other = loop.schedule(at: now) { Issue.record("it was cancelled") }
  loop.schedule(at: now) { loop.stop() }
  loop.run()
}

@Test func anEventOfADescriptorThatWasClosedAndReusedIsNotDelivered() throws {
  let loop = try makeLoop()
  let pairs = [try Descriptor.pipe(), try Descriptor.pipe()]
  var called: [Int] = []
  var reused: (reader: Descriptor, writer: Descriptor)?
  // Both are ready in one wait. Whichever comes first closes the other and gives its number to a new pipe, which is
  // watched and empty.
  for (index, pair) in pairs.enumerated() {
    try Files.write([1], to: pair.writer, named: "pipe")
    loop.onReadable(pair.reader.raw) {
      called.append(index)
      loop.forget(pair.reader.raw)
      let other = pairs[1 - index].reader
      let number = other.raw
      loop.forget(number)
      other.close()
      guard let new = try? Descriptor.pipe(), dup2(new.reader.raw, number) == number else {
        Issue.record("no pipe")
        return loop.stop()
      }
      reused = (Descriptor(number), new.writer)
      loop.onReadable(number) { Issue.record("an event of the closed pipe reached the new one") }
      loop.schedule(at: .now) { loop.stop() }
    }
  }
  loop.run()
  #expect(called.count == 1)
  withExtendedLifetime(reused) {}
}

@Test func aNumberThatIsUsedAnewIsWatchedAnew() throws {
  let loop = try makeLoop()
  for _ in 0..<3 {
    let (reader, writer) = try Descriptor.pipe()
    loop.onReadable(reader.raw) {}
    loop.forget(reader.raw)
    withExtendedLifetime(writer) {}
  }
  let (reader, writer) = try Descriptor.pipe()
  loop.onReadable(reader.raw) { loop.stop() }
  writer.close()
  loop.run()
  loop.forget(reader.raw)
}

@Test(arguments: [true, false]) func handlersOfADescriptorThatWasClosedWhileItWasWatchedGoWithIt(sameEvents: Bool)
  throws
{
  let loop = try makeLoop()
  let (closed, other) = try UnixSocket.pair()
  let number = closed.raw
  loop.onReadable(number) { Issue.record("a handler of the closed descriptor") }
  if !sameEvents { loop.onWritable(number) { Issue.record("a handler of the closed descriptor") } }
  closed.close()
  let (reader, writer) = try UnixSocket.pair()
  try #require(dup2(reader.raw, number) == number)
  let new = Descriptor(number)
  loop.onReadable(number) { loop.stop() }
  try Files.write([1], to: writer, named: "socket")
  loop.run()
  loop.forget(number)
  withExtendedLifetime((other, new)) {}
}

@Test func whatIsNotWatchedMayBeForgotten() throws {
  let loop = try makeLoop()
  loop.forget(-1)
  loop.forget(12345)
}

@Test func workThatMakesMoreWorkDoesNotKeepTimersAndEventsWaiting() throws {
  let loop = try makeLoop()
  loop.beforeWait = { true }
  let (reader, writer) = try Descriptor.pipe()
  var timer = false
  loop.schedule(at: .now) { timer = true }
  loop.onReadable(reader.raw) { if timer { loop.stop() } }
  writer.close()
  loop.run()
  #expect(timer)
  loop.forget(reader.raw)
}

@Test func nothingIsDeliveredAfterStop() throws {
  let loop = try makeLoop()
  let pairs = [try Descriptor.pipe(), try Descriptor.pipe()]
  var calls = 0
  for pair in pairs {
    try Files.write([1], to: pair.writer, named: "pipe")
    loop.onReadable(pair.reader.raw) {
      calls += 1
      loop.stop()
    }
  }
  loop.run()
  #expect(calls == 1)
}
