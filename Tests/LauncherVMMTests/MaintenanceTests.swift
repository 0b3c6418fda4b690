import Channel
import Glibc
import JSON
import Linux
import Testing

@testable import launcher_vmm

@Test(arguments: [MaintenanceFile.Progress.evacuating, .evacuated])
func maintenanceIsReadAsItWasWritten(progress: MaintenanceFile.Progress) throws {
  let (folder, store) = try makeStateFolder()
  #expect(try MaintenanceFile.read(in: store.instances) == nil)
  try MaintenanceFile(progress).write(in: store.instances)
  #expect(try MaintenanceFile.read(in: store.instances) == MaintenanceFile(progress))
  withExtendedLifetime(folder) {}
}

@Test func theFileOfMaintenanceIsNoInstanceAndNoLeftover() throws {
  let (folder, store) = try makeStateFolder()
  try MaintenanceFile(.evacuating).write(in: store.instances)
  #expect(try store.list() == [])
  try store.removeLeftovers()
  #expect(try MaintenanceFile.read(in: store.instances) != nil)
  try MaintenanceFile.remove(from: store.instances)
  try MaintenanceFile.remove(from: store.instances)
  #expect(try Files.names(in: store.instances) == [])
  withExtendedLifetime(folder) {}
}

@Test(arguments: [
  "", "{", "[]", "{}", "{\"version\": 1}", "{\"version\": 2, \"progress\": \"evacuated\"}",
  "{\"version\": 1, \"progress\": \"done\"}", "{\"version\": \"1\", \"progress\": \"evacuated\"}",
  "{\"version\": 1, \"progress\": 1}", String(repeating: " ", count: 5000),
])
func aFileOfMaintenanceOfAnotherFormIsRefused(content: String) throws {
  let (folder, store) = try makeStateFolder()
  try Files.create(MaintenanceFile.name, bytes(content), in: store.instances)
  #expect(throws: (any Error).self) { try MaintenanceFile.read(in: store.instances) }
  withExtendedLifetime(folder) {}
}

@Test func aLinkOrAPipeIsNoFileOfMaintenance() throws {
  let (folder, store) = try makeStateFolder()
  try #require(symlinkat("/etc/hostname", store.instances.raw, MaintenanceFile.name) == 0)
  #expect(throws: (any Error).self) { try MaintenanceFile.read(in: store.instances) }
  try MaintenanceFile.remove(from: store.instances)
  try #require(mkfifoat(store.instances.raw, MaintenanceFile.name, 0o600) == 0)
  #expect(throws: (any Error).self) { try MaintenanceFile.read(in: store.instances) }
  withExtendedLifetime(folder) {}
}

@Test func requestsOfAChannelThatIsGoneLeaveRoomForTheNextOne() throws {
  var requests = OpenRequests()
  for number in 0..<UInt64(OpenRequests.maximum) { try requests.open(number) }
  #expect(throws: WireError.self) { try requests.open(1) }
  requests.beginChannel()
  for number in 0..<UInt64(OpenRequests.maximum) { try requests.open(number) }
  #expect(throws: WireError.self) { try requests.open(1) }
  // The same numbers are open twice: each answer makes room once.
  for _ in 0..<2 { for number in 0..<UInt64(OpenRequests.maximum) { requests.close(number) } }
  for number in 0..<UInt64(OpenRequests.maximum) { try requests.open(number) }
  #expect(throws: WireError.self) { try requests.open(1) }
}

@Test func requestsOfChannelsThatAreGoneAreBounded() throws {
  var requests = OpenRequests()
  for _ in 0..<OpenRequests.maximumOfEarlier / OpenRequests.maximum {
    for _ in 0..<OpenRequests.maximum { try requests.open(7) }
    requests.beginChannel()
  }
  #expect(throws: WireError.self) { try requests.open(7) }
  requests.close(7)
  try requests.open(7)
}
