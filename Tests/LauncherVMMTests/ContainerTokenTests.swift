import Foundation
import Linux
import TestSupport
import Testing

@testable import Spawning

@Test func theNameOfANodesContainersIsMadeOnceAndKept() throws {
  let folder = try TemporaryFolder()
  let token = try NodeToken(in: folder.handle).id
  #expect(try NodeToken(in: folder.handle).id == token)
  #expect(try Files.names(in: folder.handle) == [NodeToken.fileName])
}

@Test func launchersThatStartAtOnceAgreeOnTheName() throws {
  for _ in 0..<20 {
    let folder = try TemporaryFolder()
    nonisolated(unsafe) let handle = folder.handle
    nonisolated(unsafe) var names: [String?] = Array(repeating: nil, count: 8)
    let lock = NSLock()
    DispatchQueue.concurrentPerform(iterations: names.count) { index in
      let name = try? NodeToken(in: handle).id.text
      lock.withLock { names[index] = name }
    }
    #expect(Set(names).count == 1 && names[0] != nil, "\(names)")
    #expect(try Files.names(in: handle) == [NodeToken.fileName])
  }
}

@Test func aDamagedNameOfANodesContainersIsRefused() throws {
  let folder = try TemporaryFolder()
  try Files.create(NodeToken.fileName, Array("--privileged".utf8), in: folder.handle)
  #expect(throws: NodeToken.Unusable.self) { try NodeToken(in: folder.handle) }
}
